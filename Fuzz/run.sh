#!/bin/bash
# Fuzzes NanoMQ with libFuzzer, coverage-guided and under AddressSanitizer.
#
#   Fuzz/run.sh [--seconds N] [--build-only] [TARGET...]
#
# Targets: FuzzDecoder FuzzTopics FuzzHOCON FuzzBroker FuzzWebSocket (all of them by default), N seconds each (20 by default).
# First every input of Corpus/<target> is run, then new ones are made from them. New interesting inputs go to
# .build/corpus/<target> and are used again the next time. Exits with 1 after any crash, and prints its input in hex.

set -euo pipefail
cd "$(dirname "$0")"

seconds=20
build_only=false
targets=()
while [ $# -gt 0 ]; do
    case "$1" in
    --seconds) seconds="${2:?--seconds needs a number}"; shift 2 ;;
    --build-only) build_only=true; shift ;;
    -*) echo "usage: Fuzz/run.sh [--seconds N] [--build-only] [TARGET...]" >&2; exit 2 ;;
    *) targets+=("$1"); shift ;;
    esac
done
[ ${#targets[@]} -gt 0 ] || targets=(FuzzDecoder FuzzTopics FuzzHOCON FuzzBroker FuzzWebSocket)

# The interactive backtracer would wait on a crash; libFuzzer has its own report.
export SWIFT_BACKTRACE=enable=no

# -enable-testing lets the targets see what is internal to the broker's rooms.
flags=(-c release --sanitize=address -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing)

# Links a target with libFuzzer.
link() {
    local target=$1 bin=$2 empty=.build/empty.swift
    local flags=(-use-ld=lld "-sanitize=fuzzer,address" -o "$bin/$target")
    if [ "$target" != FuzzWebSocket ]; then
        swiftc "${flags[@]}" "$bin/lib$target.a"
        return
    fi
    # SwiftNIO's channels need the whole archive: of a file that has nothing but conformances to protocols the linker
    # sees no use. Then the compiler does not see which libraries it wants, nor any input.
    : >"$empty"
    swiftc "${flags[@]}" -parse-as-library "$empty" -Xclang-linker -Wl,--whole-archive \
        -Xclang-linker "$bin/lib$target.a" -Xclang-linker -Wl,--no-whole-archive \
        -ldispatch -lBlocksRuntime -lswiftDispatch -lswiftGlibc -lswift_Concurrency -lswift_StringProcessing \
        -lswiftSynchronization
}

failed=()
for target in "${targets[@]}"; do
    ../scripts/build.sh "${flags[@]}" -j "${JOBS:-2}" --product "$target"
    bin=$(swift build "${flags[@]}" --show-bin-path)
    link "$target" "$bin"
    $build_only && continue

    found=".build/corpus/$target"
    crashes=".build/crashes/$target"
    rm -rf "$crashes"
    mkdir -p "$found" "$crashes"
    echo "== $target, $seconds s"
    # Inputs up to 4 KiB: longer ones find nothing more and are slow.
    if ! "$bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
        -artifact_prefix="$crashes/" -print_final_stats=1 "$found" "Corpus/$target" </dev/null \
        >"$crashes/log" 2>&1; then
        failed+=("$target")
        grep -v '^#' "$crashes/log" | tail -n 60
    fi
    grep -E '^(#[0-9]+.*(INITED|DONE)|stat::(number_of|average))' "$crashes/log" || true
done

for target in ${failed[@]+"${failed[@]}"}; do
    for input in .build/crashes/"$target"/*-*; do
        [ -e "$input" ] || continue
        echo "CRASH $target, input in hex (also in Fuzz/$input):"
        od -An -v -tx1 "$input" | tr -d '\n'
        echo
    done
done
[ ${#failed[@]} -eq 0 ]

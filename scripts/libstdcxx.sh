#!/bin/bash
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
#
# Prints the path of the static C++ library, libstdc++.a, which the release binary carries. Installs it if missing.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The releases of GCC that are installed, wholly or in part, newest first, as `12 /usr/lib/gcc/x86_64-linux-gnu/12`.
installations() {
    local directory
    for directory in /usr/lib/gcc/"$(uname -m)"-*/*; do
        [ ! -d "$directory" ] || echo "${directory##*/} $directory"
    done | sort --reverse --version-sort
}

find_library() {
    local path
    if command -v gcc >/dev/null 2>&1; then
        # A name without a directory means that gcc does not know it.
        path=$(gcc -print-file-name=libstdc++.a)
        if [ -f "$path" ] && [ "${path#/}" != "$path" ]; then
            readlink -f "$path"
            return 0
        fi
    fi
    while read -r _ path; do
        if [ -f "$path/libstdc++.a" ]; then
            echo "$path/libstdc++.a"
            return 0
        fi
    done < <(installations)
    return 1
}

# The package that goes with the GCC that is there (Clang takes the newest that it finds), or with the default one.
package() {
    local release directory
    while read -r release directory; do
        if [ -f "$directory/crtbegin.o" ]; then
            echo "libstdc++-$release-dev"
            return 0
        fi
    done < <(installations)
    # Depends on the right release.
    echo g++
}

if ! find_library; then
    "$here/install.sh" "$(package)" >&2
    find_library || {
        echo "scripts/libstdcxx.sh: there is no libstdc++.a" >&2
        exit 1
    }
fi

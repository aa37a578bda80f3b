#!/bin/bash
# Runs the benchmarks: Benchmarks/run.sh [ARGUMENTS OF `swift package benchmark`...]
# -enable-testing lets them see what is internal to the broker's rooms.
set -euo pipefail
cd "$(dirname "$0")"
exec swift package -Xswiftc -enable-testing benchmark --no-progress "$@"

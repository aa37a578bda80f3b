#!/bin/bash
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
#
# `swift build`, so that what is built stays built.
#
#   scripts/build.sh [OPTION...]
#
# The package manager passes the package's traits to the compiler in the order of a hash table, another one each time it
# runs. A command that has changed is run again: so nearly every build would compile all rooms anew. This keeps the order.
# Only for the build: what is tested hashes as it does for users.

set -euo pipefail
exec env SWIFT_DETERMINISTIC_HASHING=1 "${SWIFT:-swift}" build "$@"

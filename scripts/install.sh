#!/bin/bash
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing on Debian, Ubuntu and their kin. Does nothing, quickly, when all is there.
#
#   scripts/install.sh NAME...
#
# NAME is a Debian package, or `swift`: what a Swift toolchain needs to build this project. The toolchain itself is
# not installed, since there are several ways to do that: it is checked, and has to be Swift 6.2 or later.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
swift=${SWIFT:-swift}
minimum_major=6
minimum_minor=2
missing=()

say() { echo "scripts/install.sh: $*" >&2; }

# Whether a package, or what we want of it, is there; what we want counts, since it may come from elsewhere.
is_there() {
    case "$1" in
    binutils) command -v ld ;;
    ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
    chromium | esbuild | git | make | shellcheck) command -v "$1" ;;
    libsqlite3-dev) [ -e /usr/include/sqlite3.h ] || dpkg_has "$1" ;;
    libc6-dev) [ -e /usr/include/stdio.h ] || dpkg_has "$1" ;;
    mosquitto-clients) command -v mosquitto_pub && command -v mosquitto_sub ;;
    # Any C compiler will do.
    gcc) command -v cc ;;
    # The interpreter alone is not enough: Debian keeps what puts pip into a new environment in a package of its own.
    python3-venv) python3 -c 'import ensurepip, venv' ;;
    zlib1g-dev) [ -e /usr/include/zlib.h ] || dpkg_has "$1" ;;
    *) dpkg_has "$1" ;;
    esac >/dev/null 2>&1
}

dpkg_has() {
    command -v dpkg-query && [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1")" = installed ]
}

want() {
    local package
    for package in "$@"; do
        is_there "$package" || missing+=("$package")
    done
}

# Shared libraries that the toolchain's own programs look for in vain. The -dev packages are named here because their
# names are the same in every release, unlike those of the libraries.
want_toolchain_libraries() {
    local directory tool library
    command -v ldd >/dev/null 2>&1 || return 0
    directory=$(dirname "$(readlink -f "$(command -v "$swift")")")
    for tool in "$swift" "$directory/swift-build" "$directory/clang" "$directory/lld"; do
        tool=$(command -v "$tool") || continue
        while read -r library; do
            case "$library" in
            libcurl.so.*) want libcurl4-openssl-dev ;;
            libncurses*.so.* | libtinfo.so.* | libedit.so.* | libpanel*.so.* | libform*.so.*) want libncurses-dev ;;
            libsqlite3.so.*) want libsqlite3-dev ;;
            libstdc++.so.*) want libstdc++6 ;;
            libxml2.so.*) want libxml2-dev ;;
            libz.so.*) want zlib1g-dev ;;
            *) say "$tool needs $library, which is not there" ;;
            esac
        done < <(ldd "$tool" 2>/dev/null | awk '/not found/ { print $1 }' | sort -u)
    done
}

check_swift() {
    local version major minor
    if ! command -v "$swift" >/dev/null 2>&1; then
        say "there is no Swift toolchain. Install Swift $minimum_major.$minimum_minor or later from" \
            "https://www.swift.org/install/linux/ (for example with swiftly), put its usr/bin on PATH and try again."
        exit 1
    fi
    # Twice the same question: the second time with what is wrong, should there be something.
    if ! version=$("$swift" --version 2>/dev/null); then
        say "\`$swift --version\` does not work:"
        "$swift" --version >&2 || exit 1
    fi
    version=$(sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' <<<"$version" | head -n 1)
    major=${version%%.*}
    minor=${version#*.}
    if [ -z "$version" ]; then
        say "cannot tell the version of $(command -v "$swift")"
        exit 1
    fi
    if ((major < minimum_major || (major == minimum_major && minor < minimum_minor))); then
        say "Swift $minimum_major.$minimum_minor or later is needed; $(command -v "$swift") is Swift $version." \
            "See https://www.swift.org/install/linux/."
        exit 1
    fi
}

install_missing() {
    local root=()
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        say "there is no apt-get. Install what corresponds to these Debian packages, then try again: ${missing[*]}"
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            say "not root, and there is no sudo. As root: apt-get install ${missing[*]}"
            exit 1
        fi
        root=(sudo)
    fi
    say "installing ${missing[*]}"
    # An update that fails need not matter: the lists that are there may do.
    ${root[@]+"${root[@]}"} apt-get update --quiet --quiet >&2 || say "apt-get update failed, trying all the same"
    ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" >&2
    missing=()
}

if [ $# -eq 0 ]; then
    echo "usage: scripts/install.sh NAME..." >&2
    exit 2
fi

for name in "$@"; do
    if [ "$name" != swift ]; then
        want "$name"
        continue
    fi
    case "$(uname -s)" in
    Linux)
        command -v "$swift" >/dev/null 2>&1 || check_swift
        want_toolchain_libraries
        want binutils ca-certificates git libc6-dev libsqlite3-dev make zlib1g-dev
        install_missing
        "$here/libstdcxx.sh" >/dev/null
        ;;
    esac
    check_swift
done
install_missing

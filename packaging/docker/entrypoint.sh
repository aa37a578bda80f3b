#!/bin/sh
# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
#
# Without arguments, or with options only: nanomq start with them. Anything else is run as it stands. exec: the broker
# is the first process of the container, and gets its signals.

set -eu

if [ $# -eq 0 ]; then
    exec nanomq start --conf /etc/nanomq.conf
fi
case "$1" in
-*) exec nanomq start "$@" ;;
start | stop | restart | reload | status | check | passwd) exec nanomq "$@" ;;
*) exec "$@" ;;
esac

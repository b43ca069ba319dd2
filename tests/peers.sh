#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the peers of the tests: programs of other hands that our code is compared with or talks to.
# Run as root on Debian 12 or 13; again at any time (nothing to do: well under a second).
# `--check` installs nothing: prints the missing peers, one a line, and exits 3 if there are any.
set -eu

# program (or file) -> Debian package; the tests look for the first, apt for the second
PEERS="
tshark:tshark
dumpcap:wireshark-common
sipp:sip-tester
kamailio:kamailio
sngrep:sngrep
tcpreplay:tcpreplay
tcpdump:tcpdump
mosquitto:mosquitto
shellcheck:shellcheck
groff:groff-base
ip:iproute2
nft:nftables
gcc:gcc
promtool:prometheus
mmdebstrap:mmdebstrap
sfdisk:fdisk
mke2fs:e2fsprogs
qemu-system-x86_64:qemu-system-x86
/usr/share/OVMF/OVMF_CODE_4M.fd:ovmf
mcopy:mtools
openssl:openssl
dbus-daemon:dbus-daemon
busctl:systemd
pg_ctlcluster:postgresql
chromium:chromium
chromedriver:chromium-driver
Python.h:python3-dev
"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf 'peers: %s\n' "$*" >&2; }

present() {
    local header
    case $1 in
        Python.h) # of the system's python, whatever its minor version; no need to start it
            for header in /usr/include/python3.*/Python.h; do
                [ -e "$header" ] && return 0
            done
            return 1
            ;;
        /*) [ -e "$1" ] ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing_packages() {
    local peer
    for peer in $PEERS; do
        present "${peer%%:*}" || printf '%s\n' "${peer##*:}"
    done
}

# A package may start its service when installed. The tests start their own, so the answer of
# policy-rc.d is "101: not allowed" while we install; one that stands already is left alone.
forbid_service_starts() {
    POLICY=/usr/sbin/policy-rc.d
    [ -e "$POLICY" ] && return 0
    trap 'rm -f "$POLICY"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

install() {
    apt-get install --option Acquire::Retries=5 --yes --quiet=2 --no-install-recommends \
        -o Dpkg::Options::=--force-confold "$@" >/dev/null
}

install_missing() {
    export DEBIAN_FRONTEND=noninteractive
    forbid_service_starts
    # dumpcap for non-root users: asked by wireshark-common, not wanted here
    echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections
    say "refreshing the package index"
    apt-get update --option Acquire::Retries=5 --quiet=2 || say "apt-get update failed; going on with the index that is here"

    local package known=""
    for package in "$@"; do
        if [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
            known="$known $package"
        else
            say "$package: not in the package index of this Debian"
        fi
    done
    [ -n "$known" ] || return 0
    say "installing:$known"
    # shellcheck disable=SC2086  # a list of names without spaces
    install $known && return 0
    say "not all together; one by one"
    for package in $known; do
        install "$package" || say "$package: could not be installed"
    done
}

main() {
    local missing
    missing=$(missing_packages)
    if [ "${1:-}" = --check ]; then
        [ -z "$missing" ] && exit 0
        printf '%s\n' "$missing"
        exit 3
    elif [ $# -gt 0 ]; then
        say "usage: $0 [--check]"
        exit 2
    fi
    if [ -z "$missing" ]; then
        say "all here"
        exit 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "root is needed to install:" "$(printf "%s" "$missing" | tr "\n" " ")"
        exit 1
    fi
    # shellcheck disable=SC2086
    install_missing $missing
    hash -r
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        say "still missing: $(printf "%s" "$missing" | tr "\n" " ")" "(tests that need them will be skipped)"
        exit 3
    fi
    say "all here"
}

main "$@"

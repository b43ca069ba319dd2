#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what builds and starts images, beside what the image's own tools root brings: mmdebstrap
# makes roots, QEMU starts images. Run as root on Debian 12 or 13; `--arm64` adds what that board asks.
set -eu

say() { printf 'tools: %s\n' "$*" >&2; }

wanted="mmdebstrap qemu-system-x86 qemu-utils ovmf"
programs="mmdebstrap qemu-system-x86_64 qemu-img"
if [ "${1:-}" = --arm64 ]; then
    wanted="$wanted qemu-user-static arch-test qemu-system-arm qemu-efi-aarch64 u-boot-qemu"
    programs="$programs qemu-aarch64-static arch-test qemu-system-aarch64 /usr/lib/u-boot/qemu_arm64/u-boot.bin"
elif [ $# -gt 0 ]; then
    say "usage: $0 [--arm64]"
    exit 2
fi

# Programs of that board run here by QEMU; systemd would have seen to it at the start of the machine.
emulate() {
    kinds=/proc/sys/fs/binfmt_misc
    [ -e $kinds/register ] || mount -t binfmt_misc binfmt_misc $kinds || return 1
    [ -e $kinds/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64*.conf >$kinds/register
}

missing=""
for program in $programs; do
    command -v "$program" >/dev/null 2>&1 || [ -e "$program" ] || missing="$missing $program"
done
if [ -z "$missing" ]; then
    [ "${1:-}" != --arm64 ] || emulate || { say "root is needed: binfmt_misc"; exit 1; }
    say "all here"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    say "root is needed to install:$missing"
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
say "installing: $wanted"
apt-get update --option Acquire::Retries=5 --quiet=2 || say "apt-get update failed; going on with the index that is here"
# shellcheck disable=SC2086  # a list of names without spaces
apt-get install --option Acquire::Retries=5 --yes --quiet=2 --no-install-recommends $wanted >/dev/null
[ "${1:-}" != --arm64 ] || emulate || { say "this kernel cannot run that board's programs"; exit 1; }
say "all here"

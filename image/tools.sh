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
    wanted="$wanted qemu-user-static qemu-system-arm qemu-efi-aarch64"
    programs="$programs qemu-aarch64-static qemu-system-aarch64"
elif [ $# -gt 0 ]; then
    say "usage: $0 [--arm64]"
    exit 2
fi

missing=""
for program in $programs; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
if [ -z "$missing" ]; then
    say "all here"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    say "root is needed to install:$missing"
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
say "installing: $wanted"
apt-get update --quiet=2 || say "apt-get update failed; going on with the index that is here"
# shellcheck disable=SC2086  # a list of names without spaces
apt-get install --yes --quiet=2 --no-install-recommends $wanted >/dev/null
say "all here"

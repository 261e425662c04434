#!/bin/sh
# Find the programs that tests need beside Python, Chromium and a Redis server; on Debian, install what is missing.
set -eu
found() {
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}
packages=""
# The shell is Chromium without its own windows and menus: half the work. Not every system has it.
found chromium-headless-shell chromium chromium-browser google-chrome || packages="chromium-headless-shell fonts-dejavu-core"
found redis-server valkey-server || packages="$packages redis-server"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need Chromium and a Redis server. Please install (names of Debian): $packages" >&2
    exit 1
fi
apt-get update -qq
apt-cache show chromium-headless-shell >/dev/null 2>&1 || packages=$(echo "$packages" | sed s/chromium-headless-shell/chromium/)
# shellcheck disable=SC2086 # the packages are words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages

#!/bin/sh
# Find a Chromium for the browser tests; on Debian, install one if there is none.
set -eu
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The browser tests need Chromium: please install it (Debian: apt-get install chromium-headless-shell)." >&2
    exit 1
fi
apt-get update -qq
# The shell is Chromium without its own windows and menus: half the work. Not every system has it.
package=chromium-headless-shell
apt-cache show "$package" >/dev/null 2>&1 || package=chromium
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" fonts-dejavu-core

#!/bin/sh
# Make the virtual environment and install pinned requirements into it: tools/venv.sh REQUIREMENTS MARKER
set -eu
python="${PYTHON:-python3}"
if [ ! -x .venv/bin/pip ]; then
    # Debian's Python comes without its venv module's wheels; root can add them.
    "$python" -m venv .venv || {
        rm -rf .venv
        [ "$(id -u)" = 0 ] || { echo "Please install python3-venv first." >&2; exit 1; }
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
        "$python" -m venv .venv
    }
fi
.venv/bin/pip install --quiet --disable-pip-version-check --requirement "$1"
touch "$2"

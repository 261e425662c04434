#!/bin/sh
# Make the virtual environment and install pinned, hashed requirements into it: tools/venv.sh REQUIREMENTS MARKER
# With uv on the PATH it takes seconds; otherwise pip does the same. What a wheelhouse has is not downloaded.
set -eu
python="${PYTHON:-python3}"
source=""
[ "$1" != requirements.txt ] || [ ! -d wheelhouse ] || source="--no-index --find-links wheelhouse"
if command -v uv >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || uv venv --quiet --python "$python" .venv
    # shellcheck disable=SC2086 # the options are words
    uv pip install --quiet --python .venv/bin/python --require-hashes $source --requirement "$1"
else
    if [ ! -x .venv/bin/pip ]; then
        # Debian's Python comes without its venv module's wheels; root can add them. An environment of uv has no pip.
        "$python" -m venv --clear .venv || {
            rm -rf .venv
            [ "$(id -u)" = 0 ] || { echo "Please install python3-venv first." >&2; exit 1; }
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
            "$python" -m venv .venv
        }
    fi
    # shellcheck disable=SC2086 # the options are words
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes $source --requirement "$1"
fi
touch "$2"

#!/bin/sh
# Run a container engine of its own for the rehearsal, from Debian's packages: engine.sh up|down FOLDER
# The folder holds everything: programs, images, volumes, socket. Nothing is installed, and `down` ends what `up` began.
set -eu
folder="$2"
bin="$folder/programs/usr/bin:$folder/programs/usr/sbin"
socket="$folder/docker.sock"

download() { # PACKAGE... from the suites that this machine uses
    (cd "$folder/packages" && apt-get download -qq "$@" 2>/dev/null)
}

compose() { # Compose is one static program, which Debian has from trixie on.
    apt="$folder/apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" >"$apt/sources.list"
    set -- -qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache"
    apt-get "$@" update
    (cd "$folder/packages" && apt-get "$@" download docker-compose 2>/dev/null)
}

case "$1" in
up)
    mkdir -p "$folder/packages" "$folder/programs" "$folder/data" "$folder/exec"
    if [ ! -x "$folder/programs/usr/sbin/dockerd" ]; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap iptables debian-archive-keyring >/dev/null
        download docker.io containerd runc tini
        compose
        for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/programs"; done
    fi
    # With a lower score than its parent's, the kernel would refuse to start it in a container.
    PATH="$bin:$PATH" setsid dockerd --oom-score-adjust 0 --data-root "$folder/data" --exec-root "$folder/exec" \
        --pidfile "$folder/docker.pid" --host "unix://$socket" >"$folder/engine.log" 2>&1 &
    for _ in $(seq 100); do
        DOCKER_HOST="unix://$socket" "$folder/programs/usr/bin/docker" info >/dev/null 2>&1 && exit 0
        sleep 0.2
    done
    tail -n 20 "$folder/engine.log" >&2
    exit 1
    ;;
down)
    [ -f "$folder/docker.pid" ] || exit 0
    kill "$(cat "$folder/docker.pid")" 2>/dev/null || exit 0
    for _ in $(seq 150); do
        [ -f "$folder/docker.pid" ] || exit 0
        sleep 0.1
    done
    ;;
esac

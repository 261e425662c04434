#!/bin/sh
# Rehearse the delivery: set up from a wheelhouse without a network; build the image, serve the demo with compose, log in, break it, take it down.
# Needs root on Debian (it runs a container engine of its own, `engine.sh`) and the ports 80 and 443 of 127.0.0.1.
set -eu
cd "$(dirname "$0")/../.."
skip() {
    echo "test-delivery: skipped, $1"
    exit 0
}
.venv/bin/python -m pytest -q -p no:randomly deploy/rehearsal/test_wheelhouse.py
[ "$(id -u)" = 0 ] || skip "it runs a container engine, which only root can"
grep -q '^ID=debian' /etc/os-release 2>/dev/null || skip "it takes the engine from Debian's packages"
ps -C dockerd -o stat= | grep -qv Z && skip "another container engine runs here"
.venv/bin/python -c 'import socket; [socket.create_server(("127.0.0.1", port)).close() for port in (80, 443)]' 2>/dev/null ||
    skip "another program has port 80 or 443 of 127.0.0.1"
folder="${DELIVERY_FOLDER:-$(pwd)/.venv/delivery}"
trap 'deploy/rehearsal/engine.sh down "$folder"' EXIT INT TERM
deploy/rehearsal/engine.sh up "$folder" || skip "no container engine could be started (the reason is above)"
export DOCKER_HOST="unix://$folder/docker.sock" PATH="$folder/programs/usr/bin:$PATH"
images=$(sed -n 's/^FROM //p; s/^ *image: //p' Dockerfile compose.yaml compose.demo.yaml | grep -v '^shop:' | sort -u)
for image in $images; do
    docker image inspect "$image" >/dev/null 2>&1 || {
        # shellcheck disable=SC2086 # the names are words
        deploy/rehearsal/images.sh $images || skip "the base images could not be made"
        break
    }
done
# The first test builds the image, which takes minutes on a busy machine.
.venv/bin/python -m pytest -q -p no:randomly --timeout 900 deploy/rehearsal/test_compose.py

#!/bin/sh
# Make stand-ins for the base images from Debian's packages, under the names that Dockerfile and compose.yaml use.
# Usage: images.sh NAME...; DOCKER_HOST names the engine. Real images come from a registry; a test needs none.
set -eu
here=$(dirname "$0")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mmdebstrap --quiet --variant=minbase --include=ca-certificates,caddy,libcap2-bin,postgresql,python3-venv,redis-server,wget \
    --customize-hook='chroot "$1" python3 -m venv /usr/local' \
    --customize-hook='chroot "$1" setcap cap_net_bind_service=+ep /usr/bin/caddy' \
    --customize-hook="copy-in $here/postgres.sh /usr/local/bin" \
    --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs' \
    trixie "$root/debian.tar"
for image in "$@"; do
    case "$image" in
    caddy:*) set -- --change "CMD [\"caddy\", \"run\", \"--config\", \"/etc/caddy/Caddyfile\"]" --change "ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data" ;;
    postgres:*) set -- --change 'ENTRYPOINT ["/usr/local/bin/postgres.sh"]' --change "ENV PGDATA=/var/lib/postgresql/data" ;;
    *) set -- ;;
    esac
    docker import "$@" "$root/debian.tar" "$image" >/dev/null
done

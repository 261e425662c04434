#!/bin/sh
# Stand in for the official image's start: make the database once, then serve it.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" >/tmp/password
    initdb --encoding UTF8 --username "$POSTGRES_USER" --pwfile /tmp/password --auth-local trust --auth-host scram-sha-256 >/dev/null
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --silent --wait --options "-c listen_addresses='' -c unix_socket_directories=/tmp" start
    createdb --username "$POSTGRES_USER" --host /tmp "$POSTGRES_USER"
    pg_ctl --silent --wait --mode fast stop
fi
# The official image has a folder for the socket that survives a restart; this one has none.
exec postgres -c "listen_addresses=*" -c unix_socket_directories=/tmp

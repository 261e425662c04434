#!/bin/sh
# The demo in one container: docker run -p 127.0.0.1:8000:8000 -p 127.0.0.1:8001:8001 shop demo
# Then http://localhost:8000. Its data goes with the container. With demo/, each visitor has a shop of their own;
# DEMO_WORLDS=0 gives all the same.
set -eu
: "${PUBLIC_URL:=http://localhost:8000}" "${SIMULATOR_URL:=http://localhost:8001}"
export PUBLIC_URL SIMULATOR_URL WEB_CONCURRENCY="${WEB_CONCURRENCY:-1}"
[ ! -d demo ] || export DEMO_WORLDS="${DEMO_WORLDS:-1}"
flask --app wsgi setup --demo
BIND="0.0.0.0:${SIMULATOR_URL##*:}" gunicorn wsgi:simulator &
# The container's health check asks the shop here.
BIND="0.0.0.0:${PUBLIC_URL##*:}" exec gunicorn wsgi:app

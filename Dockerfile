# The shop, or with another command the simulator. Settings control everything else: see .env.example.
#
#   docker build -t shop .
#   docker run --read-only --env-file .env -p 8000:8000 shop
#   docker run -p 127.0.0.1:8000:8000 -p 127.0.0.1:8001:8001 shop demo      (the demo with its simulator, at http://localhost:8000)
#
# The base image has a version tag without a digest, so that a build gets Python's and Debian's security fixes. To build
# the same image every time, add the digest (python:3.13-slim-trixie@sha256:...) and update it with the requirements.
FROM python:3.13-slim-trixie

# A fixed user id, so that a volume has the same owner on every host. The user does not own the code.
RUN groupadd --gid 10001 shop \
    && useradd --uid 10001 --gid shop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop

WORKDIR /srv/shop

# Install the packages first, because they change seldom. The file lists every package with its hashes, so pip installs
# only these, and runs no code of them.
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements.txt \
    && pip check

# .dockerignore admits only the files that it names: no settings, no database, no key. The demo's guide shows the tests, so the image has them.
COPY . .

# Compile the bytecode now, because the files are read-only later. instance/ is for SQLite files and generated keys of the
# demo and the simulator. With DATABASE_URL and SECRET_KEY the shop leaves it empty.
RUN chmod -R a+rX,go-w . \
    && python -m compileall -q --invalidation-mode unchecked-hash -x '/tests/' . \
    && install --directory --owner=shop --group=shop --mode=0700 instance \
    && ln -s /srv/shop/deploy/demo.sh /usr/local/bin/demo

ENV PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000

USER 10001:10001
EXPOSE 8000

# This only checks that the process is alive: restarting the shop does not help if the database is down. /readyz is for a load balancer.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection(os.environ['BIND'], timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]

# gunicorn finishes running requests, for at most 15 seconds; give it 20 (docker stop --timeout 20).
STOPSIGNAL SIGTERM
CMD ["gunicorn", "wsgi:app"]

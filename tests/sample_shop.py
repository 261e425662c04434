"""Fixtures of a shop with the sample products and customers, and of a simulator that knows the shop.

The simulator is served on a real socket, because the tests cover the shop's HTTP client too.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.customers.models import VippsLink
from app.database import db
from app.vipps.config import ISSUER_PATH
from samples import customers as sample_customers
from samples import products as sample_products
from tests.conftest import DATABASES, browser_of, build, served
from tests.vipps_person import VippsPerson, build_simulator


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, so that no worker runs a slow test last. The order of the others stays random."""
    items.sort(key=lambda item: not (item.get_closest_marker("browser") or item.get_closest_marker("slow")))


@pytest.fixture(scope="session")
def demo_database(empty_database: Path) -> Path:
    """Make the database with sample data that tests copy."""
    database = empty_database.with_name("demo.sqlite")
    shutil.copy(empty_database, database)
    app = with_sample_data(build({}, database))
    with app.app_context():
        db.engine.dispose()
    return database


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start one Chromium for all tests that need it."""
    from tests.chromium import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def know_the_provider() -> Callable[[Flask], None]:
    """Change the sample links to this shop's provider: the copied database comes from a shop with another provider."""

    def move(app: Flask) -> None:
        with app.app_context():
            issuer = app.extensions["settings"].provider_url + ISSUER_PATH
            db.session.execute(update(VippsLink).values(issuer=issuer))
            db.session.commit()

    return move


@pytest.fixture
def demo_app(make_app: Callable[..., Flask]) -> Flask:
    """Return a shop with the sample products and customers."""
    return make_app(demo=True)


@pytest.fixture
def demo_client(demo_app: Flask) -> FlaskClient:
    """Return a browser for the shop with sample data."""
    return browser_of(demo_app)


@pytest.fixture(scope="session")
def simulator_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a simulator's database once: its signing key takes longer than most tests."""
    database = tmp_path_factory.mktemp("simulator") / "simulator.sqlite"
    build_simulator("http://localhost:1", database, redirect_uri="http://localhost/unused")
    return database


@pytest.fixture
def simulator(simulator_template: Path, tmp_path: Path) -> Iterator[str]:
    """Serve a simulator that knows the shop; yield its origin."""
    database = tmp_path / "simulator.sqlite"
    shutil.copy(simulator_template, database)
    holder: dict[str, Any] = {}
    with served(lambda environ, start: holder["app"](environ, start)) as origin:
        holder["app"] = build_simulator(origin, database, redirect_uri="http://localhost:8000/login/vipps/callback")
        yield origin


@pytest.fixture
def vipps(make_app: Callable[..., Flask], simulator: str) -> VippsPerson:
    """Return a shop with sample data and its own simulator, and a person with a browser and a phone."""
    shop = make_app(demo=True, SIMULATOR_URL=simulator)
    return VippsPerson(shop, browser_of(shop), simulator)


def with_sample_data(app: Flask) -> Flask:
    """Load the sample data into a shop whose database is not a copy of the prepared one."""
    with app.app_context():
        sample_products.load(db.session())
        sample_customers.load(db.session())
        db.session.commit()
    return app


@pytest.fixture(params=DATABASES)
def either_app(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return a shop with sample data, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return make_app(demo=True)
    return with_sample_data(make_app(DATABASE_URL=request.getfixturevalue("postgresql")))


@pytest.fixture(params=DATABASES)
def either_vipps(request: pytest.FixtureRequest, make_app: Callable[..., Flask], simulator: str) -> VippsPerson:
    """Return what `vipps` returns, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        shop = make_app(demo=True, SIMULATOR_URL=simulator)
    else:
        shop = with_sample_data(make_app(DATABASE_URL=request.getfixturevalue("postgresql"), SIMULATOR_URL=simulator))
    return VippsPerson(shop, browser_of(shop), simulator)

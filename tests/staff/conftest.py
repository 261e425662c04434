"""A shop without data for the tests of the back office, once on each database."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def app_on_either(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return a shop without data, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return make_app()
    return make_app(DATABASE_URL=request.getfixturevalue("postgresql"))

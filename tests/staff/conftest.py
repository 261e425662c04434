"""A shop without data for the tests of the back office: once on each database where the outcome may depend on it."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import DATABASES

# Their rules are in Python alone.
ON_SQLITE = {"test_access", "test_commands", "test_privacy"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let the other tests run on both databases in turn."""
    if "app" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] not in ON_SQLITE:
        metafunc.parametrize("app", DATABASES, indirect=True)


@pytest.fixture
def app(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return a shop without data."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return make_app()
    return make_app(DATABASE_URL=request.getfixturevalue("postgresql"))

"""A shop without data for the back office's tests, on both databases where the outcome may depend on the database."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import DATABASES

# The code of these tests does not depend on the database.
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

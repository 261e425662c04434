"""The fixture `party`: a shop, an adversarial provider, a browser, and the case that the test is for.

The shop and the provider are built once, because building them takes longer than a login. Each test gets an empty
database, a client with empty caches, and a provider with its initial state.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.database import db
from app.security import limiter
from app.vipps.client import VippsClient
from app.vipps.transport import Transport
from tests.conformance.cases import CASES
from tests.conformance.op import CLIENT_SECRET, OpenIDProvider
from tests.conformance.party import RelyingParty
from tests.conftest import browser_of, build
from tests.provider import CLIENT_ID, running

ENVIRONMENT = {"VIPPS_CLIENT_ID": CLIENT_ID, "VIPPS_CLIENT_SECRET": CLIENT_SECRET, "DEMO": "0"}
TRANSPORT = Transport(connections=8)  # shared by all tests: its only state is its connections


def case_id(test: str) -> str:
    """Return the id of the case at the beginning of a test's name: `test_b05b_…` is for B05b."""
    found = re.match(r"test_([ab]\d\d[a-z]?)_", test)
    assert found, f"{test}: name the test after its case"
    return found[1].capitalize()


@pytest.fixture(scope="package")
def op() -> Iterator[OpenIDProvider]:
    """Return a provider that answers correctly until the test makes it misbehave."""
    with running(OpenIDProvider) as provider:
        yield provider


@pytest.fixture(scope="package")
def shop(op: OpenIDProvider, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return build({"SIMULATOR_URL": op.origin, **ENVIRONMENT}, tmp_path_factory.mktemp("conformance") / "shop.sqlite")


@pytest.fixture
def party(
    shop: Flask,
    op: OpenIDProvider,
    empty_database: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[RelyingParty]:
    """Return a relying party; a test that saw another outcome than its case expects fails."""
    op.forget()
    begin_anew(shop, empty_database)
    case = CASES[case_id(request.function.__name__)]
    party = RelyingParty(shop, browser_of(shop), op.origin, op, case, capsys)
    yield party
    if party.seen and case.has_one_outcome:
        assert party.seen == {case.refusal}, "the outcome differs from the table of cases"


def begin_anew(shop: Flask, empty: Path) -> None:
    """Reset the shop: its database, its client's cache of the provider's metadata, and its counters."""
    with shop.app_context():
        db.session.remove()
        db.engine.dispose()
        database = Path(str(db.engine.url.database))
    for left in database.parent.glob("shop.sqlite*"):
        left.unlink()
    shutil.copy(empty, database)
    vipps = shop.extensions["vipps"]
    shop.extensions["vipps"] = replace(vipps, client=VippsClient(vipps.client.config, TRANSPORT))
    limiter.reset()

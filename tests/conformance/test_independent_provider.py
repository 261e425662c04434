"""Logins at a provider from another project: `oidc-provider-mock`, on its own socket.

It differs from Vipps in two URLs: its issuer is its bare origin, and its discovery document is at the standard's URL.
The integration has both in the class `VippsConfig`, which is replaced here; the rest of the shop is unchanged. The
provider does not check PKCE, so it is the careless provider of the table.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from flask import Flask

from app.customers.models import Customer, CustomerSession, VippsLink
from app.database import db
from app.vipps.client import VippsClient
from app.vipps.config import VippsConfig
from app.vipps.errors import REFUSALS
from tests.conftest import browser_of, post, served
from tests.vipps.flow import logged_in, refusal, rows
from tests.vipps_person import VippsPerson

ADA = {"name": "Ada Nordmann", "email": "ada@conformance.example", "email_verified": True}
SCOPES = ("openid", "profile", "email", "phone", "address")  # `profile` is a standard scope that Vipps does not have

_pool = urllib3.PoolManager(retries=False)
# The provider uses parts of Authlib that are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class StandardConfig(VippsConfig):
    """A provider whose issuer is its origin (OpenID Connect Discovery, section 4)."""

    @property
    def issuer(self) -> str:
        return self.base_url

    @property
    def discovery_url(self) -> str:
        """Return the URL that the standard defines."""
        return f"{self.base_url}/.well-known/openid-configuration"


class Person(VippsPerson):
    """A person who logs in with the provider's form."""

    def approve(self, authorization_url: str, person: str = "ada", **wishes: Any) -> str:
        """Fill in the provider's form; return the callback's path and query."""
        form = {"action": "deny"} if wishes.get("action") == "deny" else {"sub": person}
        response = _pool.request("POST", authorization_url, fields=form, encode_multipart=False, redirect=False)
        assert response.status == 302, response.data
        return str(response.headers["Location"]).removeprefix("http://localhost:8000")


@pytest.fixture
def provider() -> Iterator[str]:
    """Serve the provider with one person; yield its origin."""
    import oidc_provider_mock  # not above: it warns while it is imported

    ada = oidc_provider_mock.User(sub="ada", claims=ADA)
    application = oidc_provider_mock.app(require_nonce=True, user_claims=[ada])
    with served(application) as origin:
        yield origin


@pytest.fixture
def person(provider: str, make_app: Callable[..., Flask]) -> Person:
    """Return a shop that uses this provider as Vipps, with its visitor's browser."""
    shop = make_app(SIMULATOR_URL=provider)
    vipps = shop.extensions["vipps"]
    config = StandardConfig(**{**asdict(vipps.client.config), "scopes": SCOPES})
    shop.extensions["vipps"] = replace(vipps, client=VippsClient(config))
    return Person(shop, browser_of(shop), provider)


def test_a_first_login_makes_a_customer_with_what_userinfo_says_and_a_second_one_finds_it(
    person: Person, provider: str
) -> None:
    assert person.log_in("ada", next_path="/cart").headers["Location"] == "/cart"
    assert logged_in(person)
    with person.app.app_context():
        (link,) = db.session.query(VippsLink)
        assert (link.issuer, link.subject) == (provider, "ada")
        assert (link.customer.name, link.customer.email) == (ADA["name"], ADA["email"])
    post(person.browser, "/logout", form_on="/account")
    assert not logged_in(person)
    person.log_in("ada")
    assert logged_in(person)
    assert (rows(person, Customer), rows(person, VippsLink)) == (1, 1)


def test_a_cancelled_login_leaves_nothing_and_the_next_one_works(person: Person) -> None:
    callback = person.approve(person.start(), action="deny")
    assert "error=access_denied" in callback
    # On Python 3.11 the provider omits the state, against RFC 6749, section 4.1.2.1. So anyone may be the sender.
    expected = "The login was cancelled" if "state=" in callback else "We do not know this login"
    assert refusal(person, person.browser.get(callback)) == expected
    assert rows(person, Customer) == rows(person, CustomerSession) == 0
    person.log_in("ada")
    assert logged_in(person)


def test_the_code_of_another_person_is_refused_by_its_nonce(person: Person) -> None:
    stolen = parse_qs(urlsplit(person.approve(person.start(browser=browser_of(person.app)), "attacker")).query)["code"]
    mine = parse_qs(urlsplit(person.approve(person.start(), "ada")).query)
    response = person.browser.get("/login/vipps/callback", query_string={**mine, "code": stolen})
    assert refusal(person, response) == REFUSALS["id_token_nonce"].page.title
    assert response.status_code == REFUSALS["id_token_nonce"].status
    assert rows(person, Customer) == 0

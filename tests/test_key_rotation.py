"""A new SECRET_KEY: older signatures are valid while the older key is among the fallbacks, and only then."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.customers.consents import unsubscribe
from app.customers.models import Customer
from app.customers.privacy.erasure import erase
from app.database import begin_write, db
from tests.conftest import browser_of, open_page
from tests.customers.steps import EMAIL, PASSWORD, add_answer, add_customer, enter, is_logged_in

OLD, NEW = "the-key-that-signed-until-now-and-is-as-long", "the-key-that-signs-from-now-on-and-is-as-long"
OLDER = "a-key-of-the-year-before-that-is-long-as-well"

MakeApp = Callable[..., Flask]


def moved(client: FlaskClient, app: Flask) -> FlaskClient:
    """Return a browser with the same cookies at another worker."""
    there = browser_of(app)
    for name in ("session", "form"):
        if cookie := client.get_cookie(name):
            there.set_cookie(name, cookie.value)
    return there


def sends(client: FlaskClient, token: str) -> int:
    """Send the login form with a token; return the status."""
    data = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
    return client.post("/login/password", data=data).status_code


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ((OLD, ""), (NEW, f"{OLDER} {OLD}"), 303), ((OLD, ""), (NEW, f"{OLD},{OLDER}"), 303),
        ((OLD, ""), (NEW, ""), 400),
        ((NEW, OLD), (OLD, NEW), 303),  # while the key is changed on one host after the other
        ((NEW, OLD), (NEW, ""), 303),
    ],
)  # fmt: skip
def test_form_can_be_sent_to_a_worker_that_has_its_key(
    make_app: MakeApp, before: tuple[str, str], after: tuple[str, str], status: int
) -> None:
    there, here = (make_app(SECRET_KEY=key, SECRET_KEY_FALLBACKS=more) for key, more in (before, after))
    add_customer(there)
    client = browser_of(there)
    token = open_page(client, "/login").csrf_token()
    assert sends(moved(client, here), token) == status


def link_for(app: Flask, customer_id: int) -> str:
    with app.test_request_context():
        return f"/unsubscribe/{unsubscribe.token_for(db.session.get_one(Customer, customer_id), 'email')}"


def test_link_of_an_old_email_needs_the_older_key(make_app: MakeApp) -> None:
    before = make_app(SECRET_KEY=OLD)
    link = link_for(before, add_customer(before))
    assert browser_of(make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)).get(link).status_code == 200
    after = browser_of(make_app(SECRET_KEY=NEW))
    assert "We do not know this link" in after.get(link).text
    new = link_for(make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD), 1)
    assert after.get(new).status_code == 200, "a new signature needs the new key only"


def test_customers_stay_logged_in(make_app: MakeApp) -> None:
    before = make_app(SECRET_KEY=OLD)
    client = browser_of(before)
    enter(before, client, add_customer(before))
    assert is_logged_in(moved(client, make_app(SECRET_KEY=NEW)))
    assert not is_logged_in(browser_of(before))


@pytest.mark.parametrize(("email", "who"), [(EMAIL, f" {EMAIL.upper()}"), (None, "sub of None")])
def test_consents_of_an_erased_customer_need_the_older_key(make_app: MakeApp, email: str | None, who: str) -> None:
    before = make_app(SECRET_KEY=OLD)
    customer_id = add_customer(before, email, None, vipps=True)
    add_answer(before, customer_id, granted=True, text="By email, please")
    with before.app_context():
        begin_write()
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()
    printed = asked(make_app(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD), who)
    assert "yes  email: By email, please\n1 kept" in printed
    assert asked(make_app(SECRET_KEY=NEW), who).startswith("0 kept")
    assert asked(before, "another@example.com").startswith("0 kept")


def asked(app: Flask, who: str) -> str:
    """Return what `consent-proofs` prints about a person."""
    return app.test_cli_runner().invoke(args=["consent-proofs", who], catch_exceptions=False).output

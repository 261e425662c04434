"""A login that was refused offers the ways on that help in this case, and none that would be refused again."""

import pytest
from flask import Flask

from app import about
from app.customers.linking.next_actions import NO_RETRY, Action, actions_after_refusal, back_action, is_without_a_way
from app.customers.models import Customer
from app.database import utcnow
from app.vipps.errors import REFUSALS
from app.vipps.purposes import CONFIRMATIONS, LoginPurpose

PASSWORD = Customer(password_hash="x")
NO_PASSWORD = Customer()
CONFIRMED_EMAIL = Customer(email="a@example.com", email_verified_at=utcnow())


@pytest.mark.parametrize(
    ("code", "customer", "hrefs"),
    [
        ("account_blocked", None, [f"mailto:{about.EMAIL}?subject=K7QF-2M9D"]),
        ("members_only", None, ["/register?next=/cart", "/login?next=/cart"]),
        ("several_accounts", None, ["/login?next=/account/vipps/link", "/password/forgot"]),
        ("other_subject", None, ["/login?next=/account", "/password/forgot"]),
        ("access_denied", None, ["/cart", "/login?next=/cart"]),
        ("not_confirmed_in_app", PASSWORD, ["/account/confirm?next=/cart", "/account"]),
        ("not_confirmed_in_app", CONFIRMED_EMAIL, ["/account/password", "/account"]),
        ("not_confirmed_in_app", NO_PASSWORD, [f"mailto:{about.EMAIL}", "/account"]),
        ("linked_elsewhere", PASSWORD, ["/account"]),
        ("members_only", PASSWORD, ["/account"]),
        ("other_subject", PASSWORD, ["/account"]),
        ("several_accounts", PASSWORD, ["/account"]),
        ("session_changed", PASSWORD, ["/account"]),
        ("account_blocked", PASSWORD, ["/account"]),
        ("invalid_client", PASSWORD, ["/account"]),
        ("access_denied", PASSWORD, ["/cart", "/account"]),
        ("id_token_nonce", NO_PASSWORD, ["/cart", "/account"]),
        ("vipps_resting", PASSWORD, ["/account", "/cart"]),
    ],
)  # fmt: skip
def test_a_refusal_offers_the_next_actions(app: Flask, code: str, customer: Customer | None, hrefs: list[str]) -> None:
    with app.test_request_context():
        assert [
            way.href for way in actions_after_refusal(code, customer, "/cart", "K7QF-2M9D", LoginPurpose.LOG_IN)
        ] == hrefs


@pytest.mark.parametrize(
    ("purpose", "href"), [(LoginPurpose.CONNECT, "/account/vipps/link"), (LoginPurpose.REFRESH, "/account/profile")]
)
def test_what_was_begun_for_an_account_begins_again_on_its_page(app: Flask, purpose: LoginPurpose, href: str) -> None:
    with app.test_request_context():
        again, page = actions_after_refusal("access_denied", PASSWORD, "/cart", "", purpose)
        assert (again.href, page.href) == (href, "/account")
        assert again.label, "the button would log in any user who comes back"


@pytest.mark.parametrize("purpose", CONFIRMATIONS)
@pytest.mark.parametrize("code", ["vipps_resting", "vipps_unreachable", "access_denied", "not_confirmed_in_app"])
@pytest.mark.parametrize(
    ("customer", "first"),
    [(PASSWORD, "/account/confirm?next=/cart"), (CONFIRMED_EMAIL, "/account/password"), (NO_PASSWORD, None)],
)
def test_a_confirmation_that_failed_offers_the_customers_other_proof_first(
    app: Flask, customer: Customer, first: str | None, code: str, purpose: LoginPurpose
) -> None:
    with app.test_request_context():
        ways = [way.href for way in actions_after_refusal(code, customer, "/cart", "", purpose)]
        assert first in (None, ways[0])
        is_final = first is None and code != "access_denied"
        assert is_without_a_way(REFUSALS[code], customer, purpose) is is_final


@pytest.mark.parametrize("purpose", [None, LoginPurpose.PROVE])
def test_who_is_logged_in_gets_no_login_button_for_what_they_may_not_have_begun(
    app: Flask, purpose: LoginPurpose | None
) -> None:
    with app.test_request_context():
        assert [way.href for way in actions_after_refusal("state_expired", PASSWORD, "/cart", "", purpose)] == [
            "/account"
        ]
        assert actions_after_refusal("state_expired", None, "/cart", "", purpose)[0] == Action("/cart")


@pytest.mark.parametrize("customer", [None, PASSWORD])
def test_a_login_that_makes_no_account_makes_none_when_it_begins_again(app: Flask, customer: Customer | None) -> None:
    with app.test_request_context():
        assert actions_after_refusal("access_denied", customer, "/cart", "", LoginPurpose.MEMBERS)[0] == Action(
            "/cart", members=True
        )
        assert not actions_after_refusal("access_denied", customer, "/cart", "", LoginPurpose.LOG_IN)[0].members


def test_what_would_be_refused_again_are_refusals() -> None:
    assert set(REFUSALS) >= NO_RETRY


@pytest.mark.parametrize(
    ("is_logged_in", "next_path", "href"),
    [
        (False, "/products/x", "/products/x"),
        (True, "/account", "/"),
        (True, "/checkout", "/cart"),
        (False, "/checkout", "/cart"),
    ],
)
def test_the_way_back(app: Flask, is_logged_in: bool, next_path: str, href: str) -> None:
    with app.test_request_context():
        assert back_action(is_logged_in, next_path).href == href


def test_a_blocked_account_is_offered_no_login(app: Flask) -> None:
    with app.test_request_context():
        assert all(way.label for way in actions_after_refusal("account_blocked", None, "/", "", LoginPurpose.LOG_IN))

"""A login that was refused offers the ways on that help in this case, and none that would be refused again."""

import pytest
from flask import Flask

from app import about
from app.customers.models import Customer
from app.customers.ways_on import way_back, ways_on

PASSWORD = Customer(password_hash="x")
NO_PASSWORD = Customer()


@pytest.mark.parametrize(
    ("code", "customer", "hrefs"),
    [
        ("account_blocked", None, [f"mailto:{about.EMAIL}?subject=K7QF-2M9D"]),
        ("members_only", None, ["/register?next=/cart", "/login?next=/cart"]),
        ("several_accounts", None, ["/login?next=/account/vipps/link", "/password/forgot"]),
        ("other_subject", None, ["/login?next=/account", "/password/forgot"]),
        ("access_denied", None, ["/cart", "/login?next=/cart"]),
        ("not_confirmed_in_app", PASSWORD, ["/account/confirm?next=/cart", "/account"]),
        ("not_confirmed_in_app", NO_PASSWORD, ["/account/password", "/account"]),
        ("linked_elsewhere", PASSWORD, ["/account"]),
    ],
)
def test_the_ways_on_from_a_refusal(app: Flask, code: str, customer: Customer | None, hrefs: list[str]) -> None:
    with app.test_request_context():
        assert [way.href for way in ways_on(code, customer, "/cart", "K7QF-2M9D")] == hrefs


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
        assert way_back(is_logged_in, next_path).href == href


def test_a_blocked_account_is_offered_no_login(app: Flask) -> None:
    with app.test_request_context():
        assert all(way.label for way in ways_on("account_blocked", None, "/", ""))

"""The checkout: access, prefilled values, validation, and one order per form."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from structlog.testing import capture_logs

from app import about
from app.customers import rate_limits
from app.customers.models import Customer, VippsLink, VippsProfile
from app.database import db, utcnow
from app.i18n import format_price
from app.mail import MAX_OF_A_KIND, Mail
from app.shop import orders
from app.shop.models import Order
from tests.conftest import allowed_by, browser_of, open_page, post
from tests.customers.steps import EMAIL
from tests.pages import check_page
from tests.shop import steps
from tests.shop.steps import all_orders, cart_of, checkout_page, order_form, place_order, put_into_cart, stock_of

HOME = {"type": "home", "street": "Suburbia 23\nUnit 4B", "postal_code": "2101", "region": "OSLO", "country": "NO"}
WORK = {"type": "work", "street": "Box 6300", "postal_code": "0603", "region": "OSLO", "country": "NO"}


@pytest.fixture
def buyer(app: Flask, client: FlaskClient) -> FlaskClient:
    """Return a customer's browser with two pairs of mittens in the cart."""
    steps.add_product(app, price=44_900)
    steps.add_logged_in_customer(app, client)
    put_into_cart(client, quantity="2")
    return client


def tell_addresses(app: Flask, *addresses: dict[str, str]) -> None:
    with app.app_context():
        link = VippsLink(customer_id=1, issuer="https://op.test/", client_id="shop", subject="s")
        link.profile = VippsProfile(name="Tuva Lien", addresses=list(addresses))
        db.session.add(link)
        db.session.commit()


def test_a_guest_is_asked_to_log_in_and_an_empty_cart_cannot_be_ordered(app: Flask, client: FlaskClient) -> None:
    steps.add_product(app)
    put_into_cart(client)
    assert client.get("/checkout").location == "/login?next=/checkout"
    assert post(client, "/checkout").location == "/login?next=/checkout"
    assert "Log in to check out" in open_page(client, "/checkout").text
    other = browser_of(app)
    steps.add_logged_in_customer(app, other)
    assert other.get("/checkout").location == "/cart"
    assert "nothing to order" in open_page(other, "/cart").text


def test_the_form_is_filled_in_with_known_values(app: Flask, buyer: FlaskClient) -> None:
    page = checkout_page(buyer)
    known = {name: page.one(f'main [name="{name}"]')["value"] for name in ("name", "email", "phone")}
    assert known == {"name": "Tuva Lien", "email": "tuva.lien@example.com", "phone": "+47 912 34 567"}
    assert "Pay on pick-up or by invoice." in page.text
    assert "898,00 kr" in page.one("aside, .summary").get_text(" ").replace("\xa0", " ")
    assert [field["type"] for field in page.select('[name="address"]')] == ["hidden"], "the customer types it"
    assert not page.select(".only-other .field__optional")


def test_the_addresses_from_vipps_are_a_choice_with_the_default_chosen(app: Flask, buyer: FlaskClient) -> None:
    tell_addresses(app, HOME, WORK)
    page = checkout_page(buyer)
    choices = [" ".join(label.get_text(" ").split()) for label in page.select("#address .choice")]
    assert choices == ["Home Suburbia 23 Unit 4B 2101 OSLO", "Work Box 6300 0603 OSLO", "Another address"]
    assert [radio["value"] for radio in page.select('[name="address"][checked]')] == ["0"]
    place_order(buyer, address="1")
    assert all_orders(app)[0].address == ["Box 6300", "0603 OSLO"]


def test_an_order_has_the_chosen_values_at_the_shops_prices(app: Flask, buyer: FlaskClient) -> None:
    forged = {"price": "1", "total": "1", "unit_price": "1", "discount": "100", "quantity": "-4", "customer_id": "7"}
    response = place_order(buyer, **forged)
    order = all_orders(app)[0]
    assert (response.status_code, response.location) == (303, f"/orders/{order.number}")
    assert (order.name, order.email, order.phone) == ("Tuva Lien", "tuva.lien@example.com", "+47 912 34 567")
    assert (order.delivery, order.address) == ("invoice", ["Bryggen 3", "5003 Bergen"])
    assert (order.total, order.customer_id, order.language) == (89_800, 1, "en")
    assert [(line.slug, line.name, line.unit_price, line.quantity) for line in order.lines] == [
        ("mittens", "Mittens", 44_900, 2)
    ]
    assert (stock_of(app), cart_of(buyer)) == (8, {})


def test_a_pick_up_needs_no_address_and_keeps_none(app: Flask, buyer: FlaskClient) -> None:
    place_order(buyer, delivery="pickup", street="x" * 900, postal_code="nonsense", region="", country="??")
    order = all_orders(app)[0]
    assert (order.delivery, order.address) == ("pickup", [])


@pytest.mark.parametrize(("delivery", "price"), [("invoice", 3331), ("pickup", 0)])
def test_sending_an_order_costs_what_about_says_and_pick_up_is_free(
    app: Flask, buyer: FlaskClient, monkeypatch: pytest.MonkeyPatch, delivery: str, price: int
) -> None:
    monkeypatch.setattr(about, "DELIVERY_PRICE", 3331)
    assert "33,31 kr" in open_page(buyer, "/cart").text
    assert "33,31 kr" in checkout_page(buyer).text
    place_order(buyer, delivery=delivery)
    (order,) = all_orders(app)
    assert order.total - sum(line.sum for line in order.lines) == price
    assert ("33,31 kr" in open_page(buyer, f"/orders/{order.number}").text) is (price > 0)


def test_prices_are_written_in_the_currency_that_about_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about, "CURRENCY", "SEK")
    monkeypatch.setattr(about, "PRICE_LOCALE", "sv_SE")
    format_price.cache_clear()
    try:
        assert format_price(129900, "sv") == "1\xa0299,00\xa0kr"
        monkeypatch.setattr(about, "CURRENCY", "EUR")
        format_price.cache_clear()
        assert format_price(129900, "sv") == "1\xa0299,00\xa0€"
    finally:
        format_price.cache_clear()


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", "", "the recipient’s name"), ("name", "   ", "the recipient’s name"), ("name", "x" * 201, "200"),
        ("email", "", "we need an address"), ("email", "not an address", "does not look like an email address"),
        ("email", "a@b.example, c@d.example", "does not look like an email address"),
        ("email", "tuva@example.com\r\nBcc: x@example.com", "does not look like an email address"),
        ("phone", "", "we need a number"), ("phone", "123", "That is not a phone number"),
        ("phone", "call me", "That is not a phone number"), ("street", "", "Enter the street"),
        ("street", "x" * 201, "200"), ("postal_code", "", "Enter the postal code"),
        ("postal_code", "50031", "4 digits"), ("postal_code", "٣٤٥٦", "4 digits"), ("region", "", "Enter the town"),
        ("country", "US", "We deliver to Norway"), ("country", "", "Choose the country"),
        ("address", "7", "Choose one of the addresses"), ("address", "-1", "Choose one of the addresses"),
        ("delivery", "drone", "valid choice"), ("delivery", "", "Choose delivery or pick-up"),
        ("key", "", "send the form again"), ("key", "../../x", "send the form again"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_next_to_its_field_and_nothing_typed_is_lost(
    app: Flask, buyer: FlaskClient, field: str, value: str, complaint: str
) -> None:
    response = place_order(buyer, **{field: value})
    page = check_page(response)
    assert response.status_code == 400
    assert complaint in page.one(".notice--error").get_text()
    kept = {"name": "Tuva Lien", "street": "Bryggen 3", "phone": "912 34 567"}
    kept.pop(field, None)
    for name, words in kept.items():
        assert page.one(f'main [name="{name}"]')["value"] == words
    assert (all_orders(app), stock_of(app), cart_of(buyer)) == ([], 10, {"mittens": 2})


def test_an_order_has_no_control_characters_and_the_form_may_show_no_total(app: Flask, buyer: FlaskClient) -> None:
    place_order(buyer, name="Tuva\r\n\0 \x1b Lien", street="Bryggen\t3\u2028", shown_total="")
    order = all_orders(app)[0]
    assert (order.name, order.address[0], order.total) == ("Tuva Lien", "Bryggen 3", 89_800)


def test_the_same_form_twice_is_one_order_and_a_key_is_a_customers_own(app: Flask, buyer: FlaskClient) -> None:
    form = order_form(checkout_page(buyer))
    first = buyer.post("/checkout", data=form)
    put_into_cart(buyer)
    second = buyer.post("/checkout", data=form)
    assert first.location == second.location
    assert (len(all_orders(app)), stock_of(app)) == (1, 8)
    assert cart_of(buyer) == {"mittens": 1}
    other = browser_of(app)
    steps.add_logged_in_customer(app, other, "odd@example.com")
    put_into_cart(other)
    place_order(other, key=form["key"])
    assert [order.customer_id for order in all_orders(app)] == [1, 2]


def test_a_price_that_changed_meanwhile_is_shown_before_anything_is_ordered(app: Flask, buyer: FlaskClient) -> None:
    form = order_form(checkout_page(buyer))
    steps.set_product(app, price=50_000)
    response = buyer.post("/checkout", data=form)
    assert (response.location, all_orders(app), stock_of(app)) == ("/checkout", [], 10)
    page = checkout_page(buyer)
    assert "a price has changed" in page.text
    assert "1 000,00 kr" in page.text


def test_too_little_stock_is_named_and_the_cart_stays(app: Flask, buyer: FlaskClient) -> None:
    steps.add_product(app, "hat")
    put_into_cart(buyer, "hat")
    form = order_form(checkout_page(buyer))
    steps.set_product(app, "mittens", stock=1)
    assert buyer.post("/checkout", data=form).location == "/cart"
    page = open_page(buyer, "/cart")
    assert "no longer have enough of “Mittens”. Nothing was ordered" in page.text
    assert (cart_of(buyer), all_orders(app)) == ({"hat": 1, "mittens": 2}, [])
    assert (stock_of(app, "hat"), stock_of(app, "mittens")) == (10, 1)
    with app.app_context():
        assert db.session.scalars(select(Mail)).all() == []
    assert buyer.get("/checkout").location == "/cart"


def test_the_receipt_is_emailed_without_typed_text(app: Flask, buyer: FlaskClient) -> None:
    place_order(buyer, name="Click http://evil.example", email="stranger@example.com", street="evil street")
    order = all_orders(app)[0]
    with app.app_context():
        mail = db.session.scalars(select(Mail)).one()
    assert (mail.recipient, mail.subject) == ("stranger@example.com", f"Your order {order.number}")
    assert "2 × Mittens: 898,00\xa0kr" in mail.body
    assert f"http://localhost:8000/orders/{order.number}" in mail.body
    assert "evil" not in mail.body


@pytest.mark.parametrize(("limit", "allowed"), [("MAX_ORDERS_PER_HOUR", 2), ("MAX_ITEMS_PER_HOUR", 5)])
def test_a_customer_cannot_reserve_the_whole_stock_with_unpaid_orders(
    app: Flask, buyer: FlaskClient, monkeypatch: pytest.MonkeyPatch, limit: str, allowed: int
) -> None:
    monkeypatch.setattr(orders, limit, allowed)
    for _ in range(2):
        assert place_order(buyer).status_code == 303
        put_into_cart(buyer, quantity="2")
    left = stock_of(app)
    refused = place_order(buyer)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] in ("3599", "3600")
    assert (stock_of(app), len(all_orders(app)), cart_of(buyer)) == (left, 2, {"mittens": 2})
    with app.app_context():
        db.session.execute(update(Order).values(placed_at=utcnow() - timedelta(hours=1)))
        db.session.commit()
    assert place_order(buyer).status_code == 303


def test_orders_of_many_accounts_are_limited_by_the_network(
    app: Flask, buyer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = allowed_by(rate_limits.ORDERS_PER_CLIENT)
    monkeypatch.setattr(orders, "MAX_ORDERS_PER_HOUR", most + 1)
    form = order_form(checkout_page(buyer))
    assert {buyer.post("/checkout", data=form).status_code for _ in range(most)} == {303}
    assert buyer.post("/checkout", data=form).status_code == 429
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    assert buyer.post("/checkout", data=form, environ_overrides=elsewhere).status_code == 303


@pytest.mark.parametrize(
    ("to", "is_confirmed", "minutes_ago", "is_sent"),
    [
        ("Stranger@example.com", True, 30, False),
        ("stranger@example.com", True, 61, True),
        (EMAIL, False, 30, False),
        (EMAIL, True, 30, True),
    ],
)
def test_a_typed_address_gets_few_receipts_and_the_customers_own_gets_all(
    app: Flask, buyer: FlaskClient, to: str, is_confirmed: bool, minutes_ago: int, is_sent: bool
) -> None:
    """A buyer can type any email address at the checkout; only the customer's confirmed address has no limit."""
    at = utcnow() - timedelta(minutes=minutes_ago)
    with app.app_context():
        earlier = {"recipient": to.lower(), "subject": "", "body": "", "kind": "order", "created_at": at}
        db.session.add_all(Mail(**earlier) for _ in range(MAX_OF_A_KIND))
        db.session.get_one(Customer, 1).email_verified_at = utcnow() if is_confirmed else None
        db.session.commit()
    with capture_logs() as logs:
        page = check_page(buyer.get(place_order(buyer, email=to).location))
    with app.app_context():
        assert db.session.query(Mail).count() == MAX_OF_A_KIND + is_sent
    assert ("we sent no more" in page.text) == (not is_sent)
    assert ("mail_over_limit" in [entry["event"] for entry in logs]) == (not is_sent)

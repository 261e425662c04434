"""From a guest's cart through a Vipps login to an order: what comes along, what is offered, what stays."""

import pytest
from sqlalchemy import delete, select

from app.customers.models import Customer, VippsLink, VippsProfile
from app.customers.privacy.erasure import erase
from app.database import db
from tests.conftest import open_page
from tests.pages import Page, check_page
from tests.shop.steps import all_orders, cart_of, checkout_page, order_form, place_order, put_into_cart
from tests.vipps_person import VippsPerson

KARI_HOME = ["Fjordveien 12", "Unit B5", "5003 BERGEN"]


@pytest.fixture
def vipps(vipps: VippsPerson) -> VippsPerson:
    """Return the demo's shop with two customers only, so that every person but Kari is new here."""
    known = ("kari.nordfjell@example.com", "ingrid.solheim@example.com")
    with vipps.app.app_context():
        db.session.execute(delete(Customer).where(Customer.email.not_in(known)))
        db.session.commit()
    return vipps


def filled_in(page: Page) -> tuple[str, ...]:
    """Return what the form knows about the person."""
    return tuple(str(page.one(f'main [name="{name}"]')["value"]) for name in ("name", "email", "phone"))


def offered(page: Page) -> list[str]:
    return [" ".join(choice.get_text(" ").split()) for choice in page.select("#address .choice__text")]


def chosen(page: Page) -> list[str]:
    """Return the value of the address that is chosen already."""
    return [str(radio["value"]) for radio in page.select('[type="radio"][name="address"][checked]')]


def test_a_guest_who_logs_in_at_the_checkout_is_there_with_the_cart(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug", "2")
    assert vipps.browser.get("/checkout").location == "/login?next=/checkout"
    assert vipps.log_in("kari", next_path="/checkout").location == "/checkout"
    page = checkout_page(vipps.browser)
    assert "× 2" in page.one(".summary__lines").get_text()
    assert cart_of(vipps.browser) == {"enamel-mug": 2}


def test_the_form_knows_what_vipps_knows(vipps: VippsPerson) -> None:
    """Kari's address is another account's here, so the e-mail can only come from what Vipps said."""
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("kari")
    page = checkout_page(vipps.browser)
    assert filled_in(page) == ("Kari Sandvik Nordfjell", "kari.nordfjell@example.com", "+47 900 00 011")
    assert offered(page) == ["Fjordveien 12 Unit B5 5003 BERGEN", "Verkstedgata 3 0250 OSLO"]
    assert chosen(page) == ["0"]


def test_the_default_is_the_one_that_vipps_names_first_whatever_its_kind(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("torbjorn")
    page = checkout_page(vipps.browser)
    assert len(offered(page)) == 3
    assert offered(page)[0] == "Kaigata 44 3. etasje 9008 TROMSØ"
    assert chosen(page) == ["0"]


@pytest.mark.parametrize(
    ("changes", "complaint"), [({"street": ""}, "Enter the street"), ({"postal_code": "12"}, "4 digits")]
)
def test_another_address_is_checked_and_stays_chosen(
    vipps: VippsPerson, changes: dict[str, str], complaint: str
) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("kari")
    response = place_order(vipps.browser, **changes)
    page = check_page(response)
    assert response.status_code == 400
    assert complaint in page.one(".notice--error").get_text()
    assert chosen(page) == ["other"]
    assert all_orders(vipps.app) == []


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("asa", ["Södra Hamngatan 30", "411 14 GÖTEBORG", "Sweden"]),
        ("soren", ["Ærøgade 14, 2. tv.", "8000 AARHUS C", "Denmark"]),
    ],
)
def test_an_address_abroad_names_its_country(vipps: VippsPerson, person: str, address: list[str]) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in(person)
    place_order(vipps.browser, address="0")
    assert all_orders(vipps.app)[0].address == address


def test_an_order_says_what_was_agreed_when_the_person_has_moved_since(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("kari")
    path = place_order(vipps.browser, name="Kari Sandvik Nordfjell", address="0").location
    moved = {
        "address_type": "home", "street_address": "Nyveien 1", "postal_code": "7010", "region": "X", "country": "NO",
    }  # fmt: skip
    vipps.patch("persons/kari", {"given_name": "Karin", "addresses": [moved]})
    vipps.log_in("kari")
    put_into_cart(vipps.browser, "enamel-mug")
    assert offered(checkout_page(vipps.browser)) == ["Nyveien 1 7010 X"]
    page = open_page(vipps.browser, path)
    assert page.h1 == "Thank you, Kari"
    assert page.one("address").get_text("|") == "|".join(KARI_HOME)


def test_what_is_typed_at_the_checkout_changes_neither_the_account_nor_what_vipps_said(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("ola")
    place_order(vipps.browser, name="Another Person", email="else@example.com", phone="40000000")
    assert all_orders(vipps.app)[0].name == "Another Person"
    with vipps.app.app_context():
        link = db.session.scalars(select(VippsLink)).one()
        kept = (link.customer.name, link.customer.email, link.customer.phone_number)
        assert kept == ("Ola Tangen", "ola.tangen@example.com", "4790000012")
        assert db.session.scalars(select(VippsProfile.addresses)).one() == []


def test_a_login_that_was_cancelled_leaves_the_cart(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.browser.get(vipps.approve(vipps.start("/checkout"), action="deny"))
    assert cart_of(vipps.browser) == {"enamel-mug": 1}


def test_the_receipt_is_in_the_outbox_with_a_link_that_works(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "wool-blanket")
    vipps.log_in("ola")
    path = place_order(vipps.browser, email="ola.tangen@example.com").location
    letter = open_page(vipps.browser, "/outbox").one(".letter")
    text = " ".join(letter.get_text(" ").split())
    assert "To ola.tangen@example.com" in text
    assert "1 299,00 kr" in text
    assert [link["href"] for link in letter.select("a")] == [f"http://localhost:8000{path}"]


def test_an_address_of_the_list_that_has_become_shorter_is_asked_for_again(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("kari")
    form = order_form(checkout_page(vipps.browser), address="1")
    with vipps.app.app_context():
        profile = db.session.scalars(select(VippsProfile)).one()
        profile.addresses = profile.addresses[:1]
        db.session.commit()
    response = vipps.browser.post("/checkout", data=form)
    assert response.status_code == 400
    assert "Choose one of the addresses" in response.text
    assert all_orders(vipps.app) == []


def test_a_customer_who_is_deleted_meanwhile_orders_nothing(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("ola")
    form = order_form(checkout_page(vipps.browser))
    with vipps.app.app_context():
        erase(db.session.scalars(select(Customer).where(Customer.name == "Ola Tangen")).one())
        db.session.commit()
    assert vipps.browser.post("/checkout", data=form).location == "/login?next=/checkout"
    assert all_orders(vipps.app) == []


def test_a_customer_without_an_address_types_one(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("ola")
    page = checkout_page(vipps.browser)
    assert (offered(page), chosen(page)) == ([], [])
    place_order(vipps.browser)
    assert all_orders(vipps.app)[0].address == ["Bryggen 3", "5003 Bergen"]

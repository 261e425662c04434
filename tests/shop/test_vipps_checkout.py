"""From a guest's cart through a Vipps login to an order: the cart, the prefilled values, the stored values."""

import pytest
from sqlalchemy import delete, select

from app.customers.models import Customer, VippsLink, VippsProfile
from app.customers.privacy.erasure import erase
from app.database import db
from tests.pages import Page, check_page
from tests.shop.steps import all_orders, cart_of, checkout_page, order_form, place_order, put_into_cart
from tests.vipps_person import VippsPerson


@pytest.fixture
def vipps(vipps: VippsPerson) -> VippsPerson:
    """Return the demo's shop with only two customers, so that every test person except Kari is new here."""
    known = ("kari.nordfjell@example.com", "ingrid.solheim@example.com")
    with vipps.app.app_context():
        db.session.execute(delete(Customer).where(Customer.email.not_in(known)))
        db.session.commit()
    return vipps


def filled_in(page: Page) -> tuple[str, ...]:
    """Return the form's prefilled values."""
    return tuple(str(page.one(f'main [name="{name}"]')["value"]) for name in ("name", "email", "phone"))


def offered(page: Page) -> list[str]:
    return [" ".join(choice.get_text(" ").split()) for choice in page.select("#address .choice__text")]


def chosen(page: Page) -> list[str]:
    """Return the value of the selected address."""
    return [str(radio["value"]) for radio in page.select('[type="radio"][name="address"][checked]')]


def test_a_guest_who_logs_in_at_the_checkout_finds_the_cart_and_vipps_values(vipps: VippsPerson) -> None:
    """Another account has Kari's email address here, so the form can only get it from Vipps' profile."""
    put_into_cart(vipps.browser, "enamel-mug", "2")
    assert vipps.browser.get("/checkout").location == "/login?next=/checkout"
    assert vipps.log_in("kari", next_path="/checkout").location == "/checkout"
    page = checkout_page(vipps.browser)
    assert "× 2" in page.one(".summary__lines").get_text()
    assert cart_of(vipps.browser) == {"enamel-mug": 2}
    assert filled_in(page) == ("Kari Sandvik Nordfjell", "kari.nordfjell@example.com", "+47 900 00 011")
    assert offered(page) == ["Fjordveien 12 Unit B5 5003 BERGEN", "Verkstedgata 3 0250 OSLO"]
    assert chosen(page) == ["0"]
    response = place_order(vipps.browser, postal_code="12")
    assert response.status_code == 400
    assert chosen(check_page(response)) == ["other"]
    assert all_orders(vipps.app) == []


def test_text_typed_at_the_checkout_changes_neither_account_nor_profile(vipps: VippsPerson) -> None:
    put_into_cart(vipps.browser, "enamel-mug")
    vipps.log_in("ola")
    place_order(vipps.browser, name="Another Person", email="else@example.com", phone="40000000")
    assert all_orders(vipps.app)[0].name == "Another Person"
    with vipps.app.app_context():
        link = db.session.scalars(select(VippsLink)).one()
        kept = (link.customer.name, link.customer.email, link.customer.phone_number)
        assert kept == ("Ola Tangen", "ola.tangen@example.com", "4790000012")
        assert link.customer.address is None
        assert db.session.scalars(select(VippsProfile.addresses)).one() == []
    put_into_cart(vipps.browser, "enamel-mug")
    form = order_form(checkout_page(vipps.browser))
    with vipps.app.app_context():
        erase(db.session.scalars(select(Customer).where(Customer.name == "Ola Tangen")).one())
        db.session.commit()
    assert vipps.browser.post("/checkout", data=form).location == "/login?next=/checkout", "account deleted meanwhile"
    assert len(all_orders(vipps.app)) == 1

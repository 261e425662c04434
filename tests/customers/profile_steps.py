"""Steps of the profile tests: add a customer, set the values at Vipps, and read the result."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Customer, LoginMethod, ProfileChange, VippsLink
from app.customers.profile import from_vipps
from app.customers.profile.from_vipps import Refreshed
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.vipps.claims import Address, UserInfo
from tests.conftest import post
from tests.pages import Page

HOME = Address("home", "Fjordveien 12\nUnit B5", "5003", "BERGEN", "NO")
WORK = Address("work", "Verkstedgata 3", "0250", "OSLO", "NO")
NEW_HOME = Address("home", "Nyveien 1", "7010", "TRONDHEIM", "NO")
CABIN = {"street": "Hytteveien 8", "postal_code": "2900", "region": "Fagernes", "country": "NO"}
OWN_HOME = {"street": HOME.street, "postal_code": "5003", "region": "BERGEN", "country": "NO"}

PROFILE = "/account/profile"
FORM = {"name": "Kari Nordfjell", "phone": "900 00 011", "street": "", "postal_code": "", "region": "", "country": "NO"}
IN_FORM = {"street": "Fjordveien 12, Unit B5", "postal_code": "5003", "region": "BERGEN"}

# The profile at Vipps of a customer whose own values are the same.
SAID: dict[str, Any] = {
    "name": "Kari Nordfjell", "given_name": "Kari", "family_name": "Nordfjell", "email": "kari@example.com",
    "email_verified": True, "phone_number": "4790000011", "phone_number_verified": True, "addresses": (HOME, WORK),
}  # fmt: skip
OWN: dict[str, Any] = {
    "name": "Kari Nordfjell", "given_name": "Kari", "family_name": "Nordfjell", "email": "kari@example.com",
    "phone_number": "4790000011", "address": OWN_HOME,
}  # fmt: skip
# A new value for each field: as userinfo returns it, and as the shop stores it.
NEWS: dict[str, tuple[dict[str, Any], Any]] = {
    "name": ({"name": "Kari Berg", "family_name": "Berg"}, "Kari Berg"),
    "email": ({"email": "kari.berg@example.com"}, "kari.berg@example.com"),
    "phone_number": ({"phone_number": "4790000099"}, "4790000099"),
    "address": (
        {"addresses": (NEW_HOME, WORK)},
        {"street": "Nyveien 1", "postal_code": "7010", "region": "TRONDHEIM", "country": "NO"},
    ),
}


def says(**changes: Any) -> UserInfo:
    return UserInfo("s", **{**SAID, **changes})


def add_linked(app: Flask, *, policy: str = "ask", told: bool = True, **changes: Any) -> int:
    """Add a customer who is linked to a Vipps user, with the profile from Vipps; return the id."""
    now = utcnow()
    with app.test_request_context():
        customer = Customer(email_verified_at=now, refresh_policy=policy, **{**OWN, **changes})
        held = Customer.phone_number == customer.phone_number, Customer.phone_verified_at.is_not(None)
        if "phone_verified_at" not in changes and not db.session.scalar(select(Customer.id).where(*held)):
            customer.phone_verified_at = now
        subject = f"sub of {customer.email}"
        link = VippsLink(customer=customer, issuer="https://op.test/", client_id="shop", subject=subject)
        db.session.add(link)
        db.session.flush()
        if told:
            from_vipps.refresh(link, says())
            for change in changes_of(customer.id):
                db.session.delete(change)
        db.session.commit()
        return customer.id


def refresh(app: Flask, customer_id: int, info: UserInfo) -> Refreshed:
    with app.test_request_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()
        refreshed = from_vipps.refresh(link, info)
        db.session.commit()
        return refreshed


def enter(app: Flask, client: FlaskClient, customer_id: int) -> None:
    """Give a browser a session without an entry in the activity list."""
    with app.test_request_context():
        _row, token = session_store.add(db.session.get_one(Customer, customer_id), LoginMethod.VIPPS, confirmed=False)
        db.session.commit()
    client.set_cookie("session", token, domain="localhost")


@contextmanager
def looking_at(app: Flask, customer_id: int) -> Iterator[Customer]:
    with app.test_request_context():
        yield db.session.get_one(Customer, customer_id)


def own_values(app: Flask, customer_id: int) -> dict[str, Any]:
    with looking_at(app, customer_id) as customer:
        return {name: getattr(customer, name) for name in OWN}


def changes_of(customer_id: int) -> list[ProfileChange]:
    mine = select(ProfileChange).where(ProfileChange.customer_id == customer_id)
    return list(db.session.scalars(mine.order_by(ProfileChange.id)))


def states(app: Flask, customer_id: int) -> list[tuple[str, str]]:
    with app.app_context():
        return [(change.field, change.state) for change in changes_of(customer_id)]


def save(client: FlaskClient, **changes: str) -> Any:
    shown = str(Page(client.get(PROFILE).text).one('[name="shown"]')["value"])
    return post(client, PROFILE, {**FORM, **IN_FORM, "shown": shown, **changes}, form_on=PROFILE)


def decide(client: FlaskClient, **choices: str) -> Any:
    """Send the form of the proposals: `c7="take"` is about the change with the number 7."""
    data = {f"choice-{name.removeprefix('c')}": value for name, value in choices.items()}
    return post(client, f"{PROFILE}/proposals", data, form_on=PROFILE)


def proposed(page: Page) -> dict[str, list[str]]:
    """Return the shown proposals: the old and the new value by label."""
    return {
        form.select("legend")[0].get_text(): [each.get_text(" ") for each in form.select(".choice__text")]
        for form in page.select(".proposal")
    }


def changes_in(page: Page) -> list[str]:
    return [" ".join(line.get_text(" ").split()) for line in page.select(".changes > li")]

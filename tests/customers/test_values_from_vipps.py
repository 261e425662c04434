"""A whole login stores the values from Vipps, and only one customer has a number as verified."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.customers.accounts.postal_address import can_send_to
from app.customers.consents import consent_prompt, ledger
from app.customers.consents.audience import audience
from app.customers.models import Customer
from app.database import db, utcnow
from app.settings import SettingsError
from app.vipps.claims import parse
from app.vipps.matching import Decision, Verdict
from simulator.persons import from_file
from tests.conftest import browser_of, open_page, post
from tests.customers import linking_steps as linking
from tests.customers.consents.steps import says_also
from tests.customers.linking_steps import NAME, PERSON, PHONE
from tests.customers.profile_steps import add_linked, changes_of, own_values, refresh, says, states
from tests.customers.profile_steps import decide as answer_proposals
from tests.customers.profile_steps import enter as enter_as
from tests.customers.steps import add_answer, add_customer, link_in, mails, register, set_values, verified_holders
from tests.vipps.flow import rows
from tests.vipps_person import VippsPerson

SUB = {"sub": "3f6c1a52-8d0e-4b77-9a41-6c2f5be0d913"}
PLACE = {"street_address": "Fjordveien 12", "postal_code": "5003", "region": "BERGEN", "country": "NO"}
HOME = {"address_type": "home", **PLACE}
IDA = "ida@xn--blbr-roah.example"
NUMBER = "4790000099"


def read(**claims: Any) -> tuple[Any, str]:
    """Return the parsed values, and the names of the unreadable claims as one text."""
    info = parse({**claims, **SUB})
    return info, " ".join(info.problems)


def reached(app: Flask, channel: str) -> list[int]:
    with app.app_context():
        return [recipient.customer_id for recipient in audience(channel)]


# 1. One value has one normal form.


def test_a_national_number_is_not_read_as_another_countrys() -> None:
    """Norwegian and Danish numbers have eight digits, and many begin with another country's code."""
    nationals = [f"{beginning}123456" for beginning in range(20, 100)]
    assert [each for each in nationals if read(phone_number=each)[0].phone_number] == []
    assert [each for each in nationals if "phone_number" not in read(phone_number=each)[1]] == []


@pytest.mark.parametrize(
    ("typed", "claimed"),
    [("ida@blåbær.example", "ida@blåbær.example"), (IDA, "IDA@Blåbær.example"), ("Ida@BLÅBÆR.example", IDA)],
)
def test_an_address_in_two_spellings_is_one_account(vipps: VippsPerson, typed: str, claimed: str) -> None:
    desk = linking.another_browser(vipps)
    register(desk, typed, name=NAME)
    path = link_in(mails(vipps.app, "confirm_address", IDA)[0], "confirm")
    post(desk, path, form_on=path)
    before, account = rows(vipps, Customer), linking.who_is_in(vipps, desk)
    says_also(vipps, email=claimed, email_verified=True)
    vipps.log_in(PERSON)
    assert (linking.who_is_in(vipps), rows(vipps, Customer)) == (account, before)
    assert len(linking.links_of(vipps, account or 0)) == 1


# 2. A shortened code is another code.


@pytest.mark.parametrize(
    ("member", "part", "value"),
    [
        ("postal_code", "postal_code", "1234567890" * 3), ("region", "region", "Llanfair" * 20),
        ("street_address", "street", "Langveien " * 30 + "7B"),
        ("street_address", "street", "\n".join(f"Line {number}" for number in range(1, 9))),
        ("country", "country", "NORGEOGSVERIGE"),
    ],
)  # fmt: skip
def test_no_part_of_an_address_is_cut(member: str, part: str, value: str) -> None:
    info, problems = read(address={**HOME, member: value}, other_addresses=[{**HOME, member: value}])
    for address in info.addresses:
        kept = getattr(address, part)
        assert kept in ("", value), f"cut to {kept!r}"
    assert all(getattr(each, part) == value for each in info.addresses) or member in problems or "address" in problems


NOWHERE = {
    "no country": {"country": ""},
    "an unknown country": {"country": "Atlantis"},
    "a country that the shop does not send to": {"country": "DE", "postal_code": "10115"},
    "the same by its name": {"country": "Austria", "postal_code": "1010"},
    "a short postal code": {"postal_code": "503"},
    "no postal code": {"postal_code": ""},
    "a postal code of letters": {"postal_code": "AB12"},
    "no street": {"street_address": ""},
    "no town": {"region": ""},
}


@pytest.mark.parametrize("wrong", NOWHERE)
def test_the_shop_sends_only_to_countries_that_a_customer_can_choose(wrong: str) -> None:
    assert can_send_to(read(address=HOME)[0].addresses[0])
    assert not any(map(can_send_to, read(address={**HOME, **NOWHERE[wrong]})[0].addresses))


# 3. Only one customer has a value as verified.


def test_only_the_newest_owner_of_a_number_has_it_verified(either_vipps: VippsPerson) -> None:
    vipps = either_vipps
    older = linking.add_account(vipps, name="Sindre Moe", email="sindre@example.com")
    add_answer(vipps.app, older, "sms")
    assert older in reached(vipps.app, "sms")
    vipps.log_in(PERSON)
    newer = linking.who_is_in(vipps)
    assert newer not in (None, older)
    assert verified_holders(vipps.app, PHONE) == [newer]
    assert older not in reached(vipps.app, "sms")


@pytest.mark.parametrize("way", ["update", "ask, then accept", "first login", "the same number again"])
def test_every_way_to_a_verified_number_ends_the_older_verification(either_app: Flask, way: str) -> None:
    app, policy = either_app, way.split(",")[0] if way[0] in "ua" else "keep"
    newer = add_linked(app, policy=policy, told=way != "first login")
    if policy == "keep":
        set_values(app, newer, phone_number=None if way == "first login" else NUMBER, phone_verified_at=None)
    older = add_customer(app, "older@example.com")
    set_values(app, older, phone_number=NUMBER, phone_verified_at=utcnow())
    add_answer(app, older, "sms")
    refresh(app, newer, says(phone_number=NUMBER))
    if policy == "ask":
        browser = browser_of(app)
        enter_as(app, browser, newer)
        with app.app_context():
            (proposal,) = [each.id for each in changes_of(newer) if each.state == "proposed"]
        answer_proposals(browser, **{f"c{proposal}": "take"})
    assert verified_holders(app, NUMBER) == [newer]
    assert older not in reached(app, "sms")


def test_connecting_vipps_ends_the_older_verification(vipps: VippsPerson) -> None:
    older = linking.add_account(vipps, name="Sindre Moe", email="sindre@example.com")
    mine = linking.add_account(vipps, phone_number=None, phone_verified_at=None)
    linking.log_in_by_password(vipps, vipps.browser)
    vipps.browser.get(vipps.approve(linking.begin_connecting(vipps), PERSON))
    assert verified_holders(vipps.app, PHONE) == [mine]
    assert linking.customer(vipps, older).phone_number == PHONE, "the older customer keeps the number, unverified"


def test_the_database_holds_a_verified_number_once(either_app: Flask) -> None:
    holders = [add_customer(either_app, f"{each}@example.com") for each in ("one", "two", "three")]
    for each in holders[:2]:  # two customers may type the same number: typing does not verify it
        set_values(either_app, each, phone_number=NUMBER)
    set_values(either_app, holders[0], phone_verified_at=utcnow())
    with pytest.raises(IntegrityError):
        set_values(either_app, holders[1], phone_verified_at=utcnow())


def test_only_one_of_two_concurrent_logins_gets_the_number_verified(either_vipps: VippsPerson) -> None:
    vipps = either_vipps
    says_also(vipps, phone_number=NUMBER, phone_number_verified=True)
    browsers = {person: linking.another_browser(vipps) for person in (PERSON, "ola")}
    callbacks = {person: vipps.approve(vipps.start(browser=browsers[person]), person) for person in browsers}
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda person: browsers[person].get(callbacks[person]).status_code, browsers))
    assert answers == [303, 303]
    assert len(verified_holders(vipps.app, NUMBER)) == 1


# 4. A change that was put off is tried again.


@pytest.mark.parametrize(("choice", "email"), [("take", "taken@example.com"), ("keep", "kari@example.com")])
def test_a_proposal_that_was_put_off_is_answered_once(app: Flask, choice: str, email: str) -> None:
    holder, mine = add_customer(app, "taken@example.com"), add_linked(app)
    refresh(app, mine, says(email="taken@example.com"))
    set_values(app, holder, email="moved@example.com")
    refresh(app, mine, says(email="taken@example.com"))
    browser = browser_of(app)
    enter_as(app, browser, mine)
    with app.app_context():
        (proposal,) = [each.id for each in changes_of(mine) if each.state == "proposed"]
    answer_proposals(browser, **{f"c{proposal}": choice})
    refresh(app, mine, says(email="taken@example.com"))
    assert own_values(app, mine)["email"] == email
    assert ("email", "proposed") not in states(app, mine)


# 5. Consents that are not channels.


def flow(at: object = "2026-10-14T09:31:05Z", **checked: bool) -> dict[str, Any]:
    boxes = [{"type": "checkbox", "id": each, "checked": yes, "title": each} for each, yes in checked.items()]
    screens = [{"title": "Club", "elements": boxes}]
    return {"delegatedConsents": None, "flowResult": {"language": "EN", "timeOfConsent": at, "screens": screens}}


def delivered(app: Flask, customer_id: int, **answers: bool) -> bool:
    """Record the answers of a flow; tell whether the shop would still ask at a first login."""
    with app.test_request_context():
        customer = db.session.get_one(Customer, customer_id)
        ledger.record(customer, parse({**SUB, **flow(**answers)}))
        is_due = consent_prompt.is_due(customer, Decision(Verdict.CREATE, customer_id, ()))
        db.session.commit()
        return is_due


@pytest.mark.parametrize(
    ("answers", "asks", "channels"),
    [
        ({}, True, []), ({"cf_accept_terms": True}, True, []), ({"cf_accept_terms": False}, True, []),
        ({"cf_unmapped": True, "cf_accept_terms": True, "CF_NEWSLETTER": True}, True, []),
        ({"cf_accept_terms": True, "email": False}, False, []),
        ({"cf_newsletter": True}, False, ["email"]), ({"cf_newsletter": False}, False, []),
        ({"cf_accept_terms": True, "cf_text": True, "cf_newsletter": False}, False, ["sms"]),
        ({"email": True, "cf_newsletter": False}, False, []), ({"cf_newsletter": False, "email": True}, False, []),
    ],
)  # fmt: skip
def test_a_mapped_id_answers_its_channel_and_the_shop_asks_without_one(
    make_app: Callable[..., Flask], answers: dict[str, bool], asks: bool, channels: list[str]
) -> None:
    app = make_app(VIPPS_CONSENT_SCOPE="customFlow", VIPPS_CONSENT_CHANNELS="cf_newsletter=email, cf_text=sms")
    mine = add_customer(app)
    set_values(app, mine, phone_number=NUMBER, phone_verified_at=utcnow())
    assert delivered(app, mine, **answers) is asks
    assert [each for each in ("email", "sms", "digital", "personal") if mine in reached(app, each)] == channels
    add_answer(app, mine, "email", False, source="my_page")
    delivered(app, mine, **answers)
    assert mine not in reached(app, "email"), "the same object again must not count as a new yes"


@pytest.mark.parametrize("mapping", ["cf_newsletter=post", "cf_newsletter", "=email", "a=email,a=sms", "a=email=sms"])
def test_a_mapping_that_cannot_work_stops_the_start(make_app: Callable[..., Flask], mapping: str) -> None:
    with pytest.raises(SettingsError, match="VIPPS_CONSENT_CHANNELS"):
        make_app(VIPPS_CONSENT_CHANNELS=mapping)


def test_cookies_are_opaque_and_tokens_never_reach_browser_or_database(vipps: VippsPerson) -> None:
    response = vipps.log_in("kari")
    for cookie in response.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert len(cookie) < 500
    with vipps.app.app_context():
        dump = str([db.session.execute(select(table)).all() for table in db.metadata.tables.values()])
    assert "eyJ" not in dump + response.text
    assert "access_token" not in dump
    calls = vipps.provider_calls()
    assert post(vipps.browser, "/logout", form_on="/account").status_code == 303
    assert vipps.provider_calls() == calls, "logging out calls no endpoint of Vipps"


@pytest.mark.parametrize("person", sorted({person["key"] for person in from_file()} - {"emma"}))
def test_every_test_person_gets_an_account_and_a_page(make_app: Any, simulator: str, person: str) -> None:
    shop = make_app(SIMULATOR_URL=simulator)
    vipps = VippsPerson(shop, browser_of(shop), simulator)
    assert vipps.log_in(person).status_code == 303
    open_page(vipps.browser, "/account")

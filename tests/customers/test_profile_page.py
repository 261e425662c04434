"""The profile page: the customer's own values, the values from Vipps, proposals, and typed values."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers import lookup
from app.customers.accounts.phone_number import digits_of, readable
from app.customers.accounts.postal_address import PARTS, from_parts, label_lines, one_label, parts_of
from app.customers.models import Activity, ProfileChange, VippsLink, VippsProfile
from app.customers.profile import change_history, from_vipps
from app.customers.profile.descriptions import LABELS, sentences
from app.database import begin_write, db
from app.forms import one_line
from app.vipps.claims import Address
from tests.conftest import browser_of, open_page, post
from tests.customers import profile_steps as profile
from tests.customers.profile_steps import CABIN, HOME, IN_FORM, NEW_HOME, OWN, PROFILE, WORK
from tests.customers.steps import add_customer, mails
from tests.pages import check_page

AT_HOME, AT_WORK = "Fjordveien 12, Unit B5, 5003 BERGEN", "Verkstedgata 3, 0250 OSLO"


@pytest.fixture
def kari(app: Flask, client: FlaskClient) -> int:
    customer_id = profile.add_linked(app)
    profile.enter(app, client, customer_id)
    return customer_id


def test_the_page_has_the_customers_values_and_those_of_vipps(client: FlaskClient, kari: int) -> None:
    page = open_page(client, PROFILE)
    filled = {name: page.one(f'#here ~ form [name="{name}"]').get("value") for name in ("name", "phone", *IN_FORM)}
    assert filled == {"name": "Kari Nordfjell", "phone": "+47 900 00 011", **IN_FORM}
    there = page.one("section[aria-labelledby=there]").get_text(" ")
    for words in ("Kari Nordfjell", "kari@example.com", "+47 900 00 011", "Unit B5", "Verkstedgata 3", "your default"):
        assert words in there
    assert page.select('form[action="/account/vipps/refresh"]')
    assert page.one('[name="policy"][checked]')["value"] == "ask"
    assert not page.select(".proposal, .changes, .notice")


def test_without_vipps_the_page_says_how_to_connect_it(app: Flask, client: FlaskClient) -> None:
    profile.enter(app, client, add_customer(app))
    page = open_page(client, PROFILE)
    assert page.select('a[href="/account/vipps/link"]')
    assert not page.select('[name="policy"], .proposal, form[action="/account/vipps/refresh"]')


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ({"name": " Kari \n Berg "}, "name", "Kari Berg"),
        ({"phone": "+45 20 12 34 56"}, "phone_number", "4520123456"),
        ({"phone": ""}, "phone_number", None),
        ({"street": "Hytteveien 8", "postal_code": "2900", "region": "Fagernes"}, "address", CABIN),
        ({"street": "", "postal_code": "", "region": ""}, "address", None),
    ],
)
def test_a_changed_detail_is_kept(
    app: Flask, client: FlaskClient, kari: int, form: dict[str, str], field: str, value: Any
) -> None:
    assert profile.save(client, **form).location == PROFILE
    assert profile.own_values(app, kari)[field] == value
    with app.app_context():
        (change,) = profile.changes_of(kari)
        assert (change.field, change.before, change.after) == (field, OWN[field], value)
        assert (change.source, change.state) == ("customer", "applied")
        assert db.session.scalars(select(Activity.kind)).all() == ["profile_changed"]
    page = open_page(client, PROFILE)
    assert "Saved." in page.text
    assert "You" in profile.changes_in(page)[0]


def test_an_unchanged_form_adds_no_history(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.save(client)
    assert profile.own_values(app, kari) == OWN
    assert profile.states(app, kari) == []
    with profile.looking_at(app, kari) as customer:
        assert customer.phone_verified_at is not None


def test_a_form_opened_before_a_login_undoes_nothing(app: Flask, client: FlaskClient) -> None:
    customer_id = profile.add_linked(app, policy="update")
    profile.enter(app, client, customer_id)
    shown = str(open_page(client, PROFILE).one('[name="shown"]')["value"])
    profile.refresh(app, customer_id, profile.says(phone_number="4790000099"))
    assert profile.save(client, name="Kari Dal", shown=shown).location == PROFILE
    kept = profile.own_values(app, customer_id)
    assert (kept["name"], kept["phone_number"]) == ("Kari Nordfjell", "4790000099")
    assert "Nothing was saved" in open_page(client, PROFILE).text


def test_a_number_typed_by_hand_is_not_verified(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.save(client, phone="40 00 00 00")
    with profile.looking_at(app, kari) as customer:
        assert (customer.phone_number, customer.phone_verified_at) == ("4740000000", None)


def test_a_name_typed_by_hand_has_no_parts_that_belong_to_another(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.save(client, name="Kari Berg")
    assert profile.own_values(app, kari) == {**OWN, "name": "Kari Berg", "given_name": "", "family_name": ""}
    profile.save(client, name="Kari Nordfjell")
    assert profile.own_values(app, kari) == OWN


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", "  ", "Enter your name"),
        ("name", "x" * 201, "200"),
        ("phone", "call me", "That is not a phone number"),
        ("phone", "123", "That is not a phone number"),
        ("street", "", "Enter the street"),
        ("postal_code", "12", "4 digits"),
        ("region", "", "Enter the town"),
        ("country", "US", "We deliver to Norway"),
    ],
)  # fmt: skip
def test_a_mistake_saves_nothing(
    app: Flask, client: FlaskClient, kari: int, field: str, value: str, complaint: str
) -> None:
    response = profile.save(client, **{"name": "Some Name", "phone": "40 00 00 00", field: value})
    page = check_page(response)
    assert response.status_code == 422
    assert complaint in page.one(".notice--error").get_text()
    assert profile.own_values(app, kari) == OWN
    assert profile.states(app, kari) == []


NOW = datetime(2026, 3, 15, 13, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(0), "today at 14:03"), (timedelta(hours=14), "today at 00:03"),
        (timedelta(hours=15), "yesterday at 23:03"), (timedelta(days=2), "2 days ago"),
        (timedelta(days=12), "12 days ago"), (timedelta(days=30), "4 weeks ago"),
        (timedelta(days=200), "7 months ago"),
    ],
)  # fmt: skip
def test_the_page_says_how_old_it_is(app: Flask, client: FlaskClient, ago: timedelta, words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        customer_id = profile.add_linked(app)
        profile.enter(app, client, customer_id)
        with app.app_context():
            db.session.scalars(select(VippsProfile)).one().received_at = NOW - ago
            db.session.commit()
        assert words in open_page(client, PROFILE).one("section[aria-labelledby=there]").get_text(" ")


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [((), (), "We get no address"), ((HOME,), (), "no longer get an address"), ((), (HOME,), "Fjordveien 12")],
)
def test_no_address_or_a_removed_one(
    app: Flask, client: FlaskClient, before: tuple[Any, ...], now: tuple[Any, ...], words: str
) -> None:
    customer_id = profile.add_linked(app, told=False, address=None)
    profile.enter(app, client, customer_id)
    profile.refresh(app, customer_id, profile.says(addresses=before))
    profile.refresh(app, customer_id, profile.says(addresses=now))
    there = " ".join(open_page(client, PROFILE).one("section[aria-labelledby=there]").get_text(" ").split())
    assert words in there
    assert ("no longer get an address" in there) == (words == "no longer get an address")


@pytest.mark.parametrize("policy", ["update", "ask", "keep"])
def test_the_policy_is_the_customers_choice(app: Flask, client: FlaskClient, kari: int, policy: str) -> None:
    response = post(client, f"{PROFILE}/policy", {"policy": policy}, form_on=PROFILE)
    assert response.location == PROFILE
    assert open_page(client, PROFILE).one('[name="policy"][checked]')["value"] == policy
    with app.app_context():
        kinds = db.session.scalars(select(Activity.kind)).all()
        assert kinds == ([] if policy == "ask" else ["refresh_policy_changed"])


@pytest.mark.parametrize("policy", ["", "always", "UPDATE"])
def test_an_unknown_policy_is_refused(app: Flask, client: FlaskClient, kari: int, policy: str) -> None:
    assert post(client, f"{PROFILE}/policy", {"policy": policy}, form_on=PROFILE).status_code == 400
    with profile.looking_at(app, kari) as customer:
        assert customer.refresh_policy == "ask"


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ((HOME,), (HOME, WORK), [f"Work address added: {AT_WORK}"]),
        ((HOME, WORK), (HOME,), [f"Work address removed: {AT_WORK}"]),
        ((HOME,), (NEW_HOME,), [f"Home address changed from {AT_HOME} to Nyveien 1, 7010 TRONDHEIM"]),
        ((HOME, WORK), (WORK, HOME), [f"The default address is now {AT_WORK}"]),
        ((HOME,), (WORK,), [f"Home address removed: {AT_HOME}", f"Work address added: {AT_WORK}"]),
    ],
)
def test_the_history_names_added_removed_and_changed_addresses(
    app: Flask, client: FlaskClient, before: tuple[Any, ...], after: tuple[Any, ...], lines: list[str]
) -> None:
    customer_id = profile.add_linked(app, told=False, address=None)
    profile.enter(app, client, customer_id)
    profile.refresh(app, customer_id, profile.says(addresses=before))
    profile.refresh(app, customer_id, profile.says(addresses=after))
    (item,) = open_page(client, PROFILE).select(".changes > li")
    assert [" ".join(line.get_text().split()) for line in item.select("p")[1:]] == lines
    assert "Vipps · Noted only" in " ".join(item.get_text(" ").split())


def test_the_history_is_shown_newest_first(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.refresh(app, kari, profile.says(name="Kari Berg", phone_number=None))
    profile.decide(client, c1="take")
    profile.save(client, name="Kari Dal", phone="", street="", postal_code="", region="")
    lines = profile.changes_in(open_page(client, PROFILE))
    assert [line.split(" · ", 1)[1] for line in lines] == [
        "You Delivery address removed: Fjordveien 12, Unit B5, 5003 BERGEN",
        "You Phone removed: +47 900 00 011",
        "You Name changed from Kari Berg to Kari Dal",
        "Vipps · Noted only Phone removed: +47 900 00 011",
        "Vipps · You accepted it Name changed from Kari Nordfjell to Kari Berg",
    ]


def test_the_page_shows_the_customers_own_latest_twenty(app: Flask, client: FlaskClient, kari: int) -> None:
    other = profile.add_linked(app, email="other@example.com")
    with app.app_context():
        for number in range(25):
            for customer_id, name in ((kari, "Kari"), (other, "Odd")):
                change = ProfileChange(customer_id=customer_id, field="name", source="vipps", state="noted")
                change.after = f"{name} {number}"
                db.session.add(change)
        db.session.commit()
    lines = profile.changes_in(open_page(client, PROFILE))
    assert len(lines) == 20
    assert lines[0].endswith("Kari 24")
    assert not [line for line in lines if "Odd" in line]


GREENLAND = {"street": "Aqqusinersuaq 7", "postal_code": "3900", "region": "Nuuk", "country": "GL"}


def test_an_address_where_the_shop_does_not_send_stays_until_it_is_changed(app: Flask, client: FlaskClient) -> None:
    customer_id = profile.add_linked(app, address=GREENLAND)
    profile.enter(app, client, customer_id)
    page = open_page(client, PROFILE)
    assert page.one('[name="country"] [selected]').get_text() == "Greenland"
    profile.save(client, **{**GREENLAND, "name": "Kari Berg"})
    assert profile.own_values(app, customer_id)["address"] == GREENLAND
    assert profile.states(app, customer_id) == [("name", "applied")]
    assert profile.save(client, **{**GREENLAND, "street": "Aqqusinersuaq 8"}).status_code == 422


def test_a_concurrent_login_verifies_no_typed_number(either_app: Flask, monkeypatch: Any) -> None:
    customer_id, client, edit = profile.add_linked(either_app), browser_of(either_app), change_history.edit
    profile.enter(either_app, client, customer_id)
    with profile.looking_at(either_app, customer_id) as customer:
        customer.phone_verified_at = None
        db.session.commit()

    def log_in_again() -> None:
        with either_app.test_request_context():
            begin_write()
            lookup.lock_customer(customer_id)
            mine = select(VippsLink).where(VippsLink.customer_id == customer_id)
            from_vipps.refresh(db.session.scalars(mine).one(), profile.says())
            db.session.commit()

    login = Thread(target=log_in_again)

    def edit_meanwhile(*args: Any) -> list[str]:
        login.start()
        login.join(1)  # enough time to reach the lock, or to finish on a database without it
        return edit(*args)

    monkeypatch.setattr(change_history, "edit", edit_meanwhile)
    assert profile.save(client, phone="90000099").status_code == 303
    login.join()
    with profile.looking_at(either_app, customer_id) as customer:
        assert (customer.phone_number, customer.phone_verified_at) == ("4790000099", None)


def test_old_and_new_stand_side_by_side_as_text(app: Flask, client: FlaskClient, kari: int) -> None:
    markup = "<script>alert(1)</script>"  # shown as text
    profile.refresh(app, kari, profile.says(name=markup, phone_number="4790000099", addresses=(NEW_HOME,)))
    page = open_page(client, PROFILE)
    names, numbers = ["Kari Nordfjell", markup], ["+47 900 00 011", "+47 900 00 099"]
    addresses = ["Fjordveien 12 Unit B5 5003 BERGEN", "Nyveien 1 7010 TRONDHEIM"]
    assert profile.proposed(page) == {"Name": names, "Phone": numbers, "Delivery address": addresses}
    assert len(page.select(f'form[action="{PROFILE}/proposals"] button')) == 1


def test_the_customer_chooses_field_by_field(either_app: Flask) -> None:
    client = browser_of(either_app)
    customer_id = profile.add_linked(either_app)
    profile.enter(either_app, client, customer_id)
    profile.refresh(
        either_app, customer_id, profile.says(name="Kari Berg", family_name="Berg", phone_number="4790000099")
    )
    with either_app.app_context():
        name, number = (change.id for change in profile.changes_of(customer_id))
    assert profile.decide(client, **{f"c{name}": "take", f"c{number}": "keep"}).location == PROFILE
    assert profile.states(either_app, customer_id) == [("name", "accepted"), ("phone_number", "declined")]
    kept = profile.own_values(either_app, customer_id)
    assert (kept["name"], kept["given_name"], kept["family_name"]) == ("Kari Berg", "Kari", "Berg")
    assert kept["phone_number"] == "4790000011"
    page = open_page(client, PROFILE)
    assert "Your choice is saved" in page.text
    assert not page.select(".proposal")
    with either_app.app_context():
        assert {change.decided_at is not None for change in profile.changes_of(customer_id)} == {True}
        mine = select(Activity.kind).where(Activity.customer_id == customer_id)
        assert db.session.scalars(mine).all() == ["profile_changed"]


@pytest.mark.parametrize("claims", [{"phone_number": "4790000099"}, {"addresses": (NEW_HOME,)}])
def test_a_number_or_address_can_be_taken(app: Flask, client: FlaskClient, kari: int, claims: dict[str, Any]) -> None:
    profile.refresh(app, kari, profile.says(**claims))
    profile.decide(client, c1="take")
    with profile.looking_at(app, kari) as customer:
        assert customer.phone_verified_at is not None
        if "addresses" in claims:
            assert customer.address is not None
            assert customer.address["street"] == "Nyveien 1"
        else:
            assert customer.phone_number == "4790000099"


def test_a_proposal_without_an_answer_is_asked_again(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.refresh(app, kari, profile.says(name="Kari Berg"))
    profile.decide(client)
    page = open_page(client, PROFILE)
    assert "You chose nothing" in page.text
    assert list(profile.proposed(page)) == ["Name"]


def test_the_same_form_twice_changes_nothing_more(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.refresh(app, kari, profile.says(name="Kari Berg"))
    profile.decide(client, c1="take")
    profile.save(client, name="Kari Dal")
    assert profile.decide(client, c1="take").location == PROFILE
    assert profile.decide(client, c1="keep").location == PROFILE
    assert profile.own_values(app, kari)["name"] == "Kari Dal"
    assert profile.states(app, kari)[0] == ("name", "accepted")


def test_a_question_that_was_replaced_cannot_be_answered(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.refresh(app, kari, profile.says(name="Kari Berg"))
    profile.refresh(app, kari, profile.says(name="Kari Dal"))
    profile.decide(client, c1="take")
    assert profile.own_values(app, kari)["name"] == "Kari Nordfjell"
    assert profile.proposed(open_page(client, PROFILE)) == {"Name": ["Kari Nordfjell", "Kari Dal"]}


@pytest.mark.parametrize(
    "choices",
    [
        {"c1": "take"}, {"c1": "take", "c2": "take"}, {"c999": "take"}, {"c2": "perhaps"}, {"c2x": "take"},
        {"c٢": "take"},
    ],
)  # fmt: skip
def test_another_customers_proposal_is_not_found(app: Flask, client: FlaskClient, choices: dict[str, str]) -> None:
    other = profile.add_linked(app, email="other@example.com")
    profile.refresh(app, other, profile.says(name="Kari Berg"))
    customer_id = profile.add_linked(app)
    profile.enter(app, client, customer_id)
    profile.refresh(app, customer_id, profile.says(name="Kari Dal"))
    assert profile.decide(client, **choices).status_code == 404
    assert {profile.own_values(app, each)["name"] for each in (other, customer_id)} == {"Kari Nordfjell"}
    assert profile.states(app, other) == profile.states(app, customer_id) == [("name", "proposed")]


def test_without_a_link_an_old_question_cannot_be_answered(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.refresh(app, kari, profile.says(email="kari.berg@example.com"))
    with profile.looking_at(app, kari) as customer:
        db.session.delete(customer.vipps_links[0])
        db.session.commit()
    profile.decide(client, c1="take")
    assert profile.own_values(app, kari)["email"] == "kari@example.com"
    assert not open_page(client, PROFILE).select(".proposal")


@pytest.mark.parametrize("taken_meanwhile", [False, True])
def test_a_new_email_address_is_taken_unless_another_account_has_it(either_app: Flask, taken_meanwhile: bool) -> None:
    client = browser_of(either_app)
    customer_id = profile.add_linked(either_app)
    profile.enter(either_app, client, customer_id)
    profile.refresh(either_app, customer_id, profile.says(email="kari.berg@example.com"))
    with either_app.app_context():
        number = profile.changes_of(customer_id)[0].id
    assert "we send a notice to the old address" in open_page(client, PROFILE).text
    if taken_meanwhile:
        add_customer(either_app, "kari.berg@example.com", None)
    profile.decide(client, **{f"c{number}": "take"})
    page = open_page(client, PROFILE)
    told = [mail.kind for mail in mails(either_app, to="kari@example.com")]
    email = profile.own_values(either_app, customer_id)["email"]
    if not taken_meanwhile:
        assert (email, told) == ("kari.berg@example.com", ["email_changed"])
        return
    assert (email, told) == ("kari@example.com", [])
    assert "belongs to another account here, so your address is unchanged" in page.text
    assert "Your choice is saved" not in page.text
    assert profile.states(either_app, customer_id) == [("email", "held_elsewhere")]
    notice = page.one(".profile > .notice").get_text()
    assert "That email address belongs to another account" in notice
    assert "kari.berg@example.com" in notice


def test_a_value_that_the_customer_has_by_now_is_not_proposed(app: Flask, client: FlaskClient, kari: int) -> None:
    profile.refresh(app, kari, profile.says(name="Kari Berg"))
    profile.save(client, name="Kari Berg")
    assert not open_page(client, PROFILE).select(".proposal")


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("91234567", "4791234567"), ("912 34 567", "4791234567"), ("+47 912 34 567", "4791234567"),
        ("0047 912 34 567", "4791234567"), ("+45 20 12 34 56", "4520123456"), ("+358 41 1234567", "358411234567"),
        ("123", None), ("call me", None), ("", None), (None, None), ("+47 912 34 5678901234567890", None),
        ("9" * 400, None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(typed: str | None, digits: str | None) -> None:
    assert digits_of(typed) == digits
    if digits:
        assert digits_of(readable(digits)) == digits


@pytest.mark.parametrize(
    ("digits", "written"),
    [
        ("4790000011", "+47 900 00 011"), ("4520123456", "+45 20 12 34 56"), (None, ""), ("", ""), ("x", ""),
        ("0", ""),
    ],
)  # fmt: skip
def test_a_phone_number_is_written_as_people_write_it(digits: str | None, written: str) -> None:
    assert readable(digits) == written


def test_the_lines_of_a_label(app: Flask) -> None:
    with app.test_request_context():
        norwegian = Address("home", " Storgata 1 \r\n\n c/o Moen ", "0155", "OSLO", "no")
        assert label_lines(norwegian) == ["Storgata 1", "c/o Moen", "0155 OSLO"]
        assert one_label(norwegian) == "Storgata 1, c/o Moen, 0155 OSLO"
        assert label_lines(Address("home", "Vasagatan 1", "111 20", "STOCKHOLM", "SE"))[-1] == "Sweden"
        assert label_lines(Address("home", "Somewhere", "", "", "XQ")) == ["Somewhere", "XQ"]
        assert label_lines(Address("home", "", "", "", "")) == []
    with app.test_request_context(headers={"Accept-Language": "nb"}):
        assert label_lines(Address("home", "", "", "", "SE")) == ["Sverige"]


def test_an_address_and_its_object_are_the_same() -> None:
    assert from_parts({"type": "home", "street": "Storgata 1"}) == Address("home", "Storgata 1", "", "", "")
    assert from_parts({"street": "Storgata 1", "country": "NO"}, "own") == Address("own", "Storgata 1", "", "", "NO")
    assert list(parts_of(Address("home", "a", "b", "c", "d")).items()) == list(zip(PARTS, "abcd", strict=True))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (None, ""), ("  Kari \t Nordfjell ", "Kari Nordfjell"), ("Kari\r\nNord\0fjell\u2028x", "Kari Nord fjell x"),
        ("\u202eevil\u2066", "evil"), ("A\u030ase", "Åse"), ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)  # fmt: skip
def test_typed_text_becomes_one_clean_line(typed: str | None, kept: str) -> None:
    assert one_line(typed) == kept


def test_a_change_is_described_in_norwegian_too(app: Flask) -> None:
    """Every label and every sentence is translated."""
    with app.test_request_context(headers={"Accept-Language": "nb"}):
        change = ProfileChange(field="phone_number", before=None, after="4790000011")
        assert "+47 900 00 011" in sentences(change)[0]
        assert set(LABELS) >= {"name", "email", "phone_number", "address", "home", "work", "other"}

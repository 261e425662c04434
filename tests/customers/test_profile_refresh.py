"""A customer's profile over several logins, with changes at Vipps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.customers import email_tokens
from app.customers.models import Activity, Customer, TokenPurpose, VippsLink, VippsProfile
from app.customers.profile import from_vipps
from app.customers.profile.change_history import answer_proposals, record, withdraw_proposals
from app.customers.profile.fields import Source, State
from app.customers.profile.from_vipps import Refreshed
from app.database import db, utcnow
from app.vipps.claims import Address
from tests.conftest import browser_of, open_page, post
from tests.customers import profile_steps as profile
from tests.customers.profile_steps import CABIN, HOME, NEW_HOME, NEWS, OWN, OWN_HOME, WORK
from tests.customers.steps import mails, verified_holders
from tests.vipps_person import VippsPerson


def activities(app: Flask, customer_id: int) -> list[str]:
    with app.app_context():
        kinds = select(Activity.kind).where(Activity.customer_id == customer_id).order_by(Activity.id)
        return list(db.session.scalars(kinds))


@pytest.mark.parametrize("field", NEWS)
def test_an_applied_change_replaces_only_its_value(either_app: Flask, field: str) -> None:
    customer_id = profile.add_linked(either_app, policy="update")
    claims, value = NEWS[field]
    lines = [(field, "applied"), *([("addresses", "noted")] if field == "address" else [])]
    news = tuple(name for name, _ in lines)
    assert profile.refresh(either_app, customer_id, profile.says(**claims)) == Refreshed(news)
    assert profile.states(either_app, customer_id) == lines
    with either_app.app_context():
        change = profile.changes_of(customer_id)[0]
        assert (change.before, change.after, change.source) == (OWN[field], value, "vipps")
    kept = profile.own_values(either_app, customer_id)
    assert kept[field] == value
    assert all(kept[name] == OWN[name] for name in ("email", "phone_number", "address") if name != field)


def test_a_login_without_changes_writes_only_the_time(app: Flask) -> None:
    customer_id = profile.add_linked(app, policy="update")
    with app.app_context():
        then = db.session.scalars(select(VippsProfile.received_at)).one()
    assert profile.refresh(app, customer_id, profile.says()) == Refreshed()
    assert profile.states(app, customer_id) == []
    assert activities(app, customer_id) == []
    with app.app_context():
        assert db.session.scalars(select(VippsProfile.received_at)).one() > then


def test_the_latest_values_from_vipps_are_kept_apart(app: Flask) -> None:
    customer_id = profile.add_linked(app)
    unverified = {"email": "unverified@example.com", "email_verified": False}
    profile.refresh(app, customer_id, profile.says(name="Kari Berg", **unverified))
    with app.app_context():
        told = db.session.scalars(select(VippsProfile)).one()
        assert (told.name, told.email, told.email_verified) == ("Kari Berg", "unverified@example.com", False)
        assert [each["street"] for each in told.addresses] == [HOME.street, WORK.street]


def test_a_number_that_vipps_has_replaced_stays_but_loses_its_verification(app: Flask) -> None:
    """Another person may get the number, who must not be taken for this customer."""
    customer_id = profile.add_linked(app)
    profile.refresh(app, customer_id, profile.says(phone_number="4790000099"))
    with profile.looking_at(app, customer_id) as customer:
        assert (customer.phone_number, customer.phone_verified_at) == ("4790000011", None)


def test_a_new_email_address_is_announced_to_the_old_one_and_ends_links(either_app: Flask) -> None:
    customer_id = profile.add_linked(either_app, policy="update")
    with profile.looking_at(either_app, customer_id) as customer:
        customer.email_verified_at = None
        token = email_tokens.issue(customer, "kari@example.com", TokenPurpose.RESET)
        db.session.commit()
    profile.refresh(either_app, customer_id, profile.says(email="Kari.Berg@EXAMPLE.com".lower()))
    with profile.looking_at(either_app, customer_id) as customer:
        assert customer.email == "kari.berg@example.com"
        assert customer.email_verified_at is not None
        assert email_tokens.find(token, TokenPurpose.RESET) is None
    assert [mail.kind for mail in mails(either_app, to="kari@example.com")] == ["email_changed"]
    assert mails(either_app, to="kari.berg@example.com") == []
    assert activities(either_app, customer_id) == ["email_changed"]


@pytest.mark.parametrize(("policy", "lines"), [("update", ["profile_changed"]), ("ask", []), ("keep", [])])
def test_an_applied_change_is_in_the_activity_list(app: Flask, policy: str, lines: list[str]) -> None:
    customer_id = profile.add_linked(app, policy=policy)
    profile.refresh(app, customer_id, profile.says(phone_number="4790000099", name="Kari Berg"))
    assert activities(app, customer_id) == lines


def test_a_newer_proposal_takes_the_place_of_the_older_one(app: Flask) -> None:
    customer_id = profile.add_linked(app)
    profile.refresh(app, customer_id, profile.says(name="Kari Berg", phone_number="4790000099"))
    profile.refresh(app, customer_id, profile.says(name="Kari Dal", phone_number="4790000099"))
    assert profile.states(app, customer_id) == [("name", "noted"), ("phone_number", "proposed"), ("name", "proposed")]
    with app.app_context():
        first, *_rest, last = profile.changes_of(customer_id)
        assert first.decided_at is not None
        assert (last.before, last.after) == ("Kari Berg", "Kari Dal")


@pytest.mark.parametrize("back", [profile.says(), profile.says(name=None)])
def test_a_proposal_is_withdrawn_when_vipps_changes_the_value_back(app: Flask, back: Any) -> None:
    customer_id = profile.add_linked(app)
    profile.refresh(app, customer_id, profile.says(name="Kari Berg"))
    assert profile.refresh(app, customer_id, back).proposed == 0
    assert profile.states(app, customer_id) == [("name", "noted"), ("name", "noted")]


def test_a_new_link_withdraws_the_proposals_of_an_earlier_one(app: Flask) -> None:
    customer_id = profile.add_linked(app)
    profile.refresh(app, customer_id, profile.says(name="Kari Berg"))
    with app.app_context():
        db.session.delete(db.session.scalars(select(VippsLink)).one())
        db.session.flush()
        link = VippsLink(customer_id=customer_id, issuer="https://op.test/", client_id="shop", subject="another")
        db.session.add(link)
        db.session.commit()
    profile.refresh(app, customer_id, profile.says(name=None))
    assert profile.states(app, customer_id) == [("name", "noted")]


@pytest.mark.postgresql
def test_only_one_of_two_concurrent_logins_finds_a_change(make_app: Callable[..., Flask], postgresql: str) -> None:
    """SQLite runs the two logins one after the other anyway."""
    app = make_app(DATABASE_URL=postgresql)
    customer_id = profile.add_linked(app)
    with app.test_request_context(), ThreadPoolExecutor() as elsewhere:
        link = db.session.scalars(select(VippsLink)).one()
        assert link.profile is not None
        said = profile.says(name="Kari Berg")
        assert elsewhere.submit(profile.refresh, app, customer_id, said).result().news == ("name",)
        assert from_vipps.refresh(link, said) == Refreshed()
        db.session.commit()
    assert profile.states(app, customer_id) == [("name", "proposed")]


TEXTS = st.sampled_from([None, "Kari Nordfjell", "Kari Berg", "Åse"])
EMAILS = st.sampled_from([None, "kari@example.com", "kari.berg@example.com", "taken@example.com"])
NUMBERS = st.sampled_from([None, "4790000011", "4790000099"])
ADDRESSES = st.lists(st.sampled_from([HOME, WORK, Address("other", "X", "", "", "")]), max_size=3, unique=True)
VERIFIED = {"email_verified": st.booleans(), "phone_number_verified": st.booleans()}
WORDS = st.builds(
    profile.says, name=TEXTS, email=EMAILS, phone_number=NUMBERS, addresses=ADDRESSES.map(tuple), **VERIFIED
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    policy=st.sampled_from(["ask", "keep", "update"]),
    told=st.booleans(),
    address=st.sampled_from([None, CABIN, OWN_HOME]),
    words=st.lists(WORDS, min_size=1, max_size=4),
)
def test_an_own_value_is_lost_only_by_the_policy_update(
    app: Flask, policy: str, told: bool, address: Any, words: list[Any]
) -> None:
    with app.test_request_context():
        for each in db.session.scalars(select(Customer)).all():
            db.session.delete(each)
        db.session.add(Customer(email="taken@example.com", email_verified_at=utcnow()))
        db.session.commit()
    customer_id = profile.add_linked(app, policy=policy, told=told, address=address)
    for each in words:
        profile.refresh(app, customer_id, each)
    kept = profile.own_values(app, customer_id)
    assert kept["email"] != "taken@example.com"
    assert all(kept[name] for name in ("name", "email", "phone_number"))
    if policy != "update":
        assert kept == {**OWN, "address": address}
    with app.app_context():
        history = profile.changes_of(customer_id)
        asked = [change.field for change in history if change.state == "proposed"]
        assert len(asked) == len(set(asked))
        assert not asked or policy == "ask"


def test_an_old_proposal_does_not_end_a_newer_verification(either_app: Flask) -> None:
    first = profile.add_linked(either_app, email="amalie@example.com", phone_number="4790000099", told=False)
    profile.refresh(either_app, first, profile.says(email="amalie@example.com", phone_number="4790000011"))
    second = profile.add_linked(either_app)
    with profile.looking_at(either_app, first) as customer:
        (proposal,) = (change for change in profile.changes_of(first) if change.field == "phone_number")
        answer_proposals(customer, from_vipps.vipps_profile_of(customer), {proposal.id: True})
        db.session.commit()
        assert (customer.phone_number, customer.phone_verified_at) == ("4790000011", None)
    assert verified_holders(either_app, "4790000011") == [second]


@pytest.mark.parametrize(
    ("policy", "own_email", "state"),
    [
        ("ask", "kari@example.com", State.PROPOSED),
        ("update", "kari@example.com", State.APPLIED),
        ("keep", "kari@example.com", State.NOTED),
        ("ask", None, State.APPLIED),
    ],
)
def test_an_address_that_was_taken_is_tried_again_once_it_is_free(
    either_app: Flask, policy: str, own_email: str | None, state: State
) -> None:
    """An account that was created while its email address was taken has no address."""
    holder = profile.add_linked(either_app, email="kari.berg@example.com", phone_number=None)
    customer_id = profile.add_linked(either_app, policy=policy, email=own_email, told=own_email is not None)
    said = profile.says(email="kari.berg@example.com")
    for _ in range(2):
        profile.refresh(either_app, customer_id, said)
    assert profile.states(either_app, customer_id).count(("email", "held_elsewhere")) == 1
    with profile.looking_at(either_app, holder) as customer:
        customer.set_verified_email("kari.new@example.com")
        db.session.commit()
    profile.refresh(either_app, customer_id, said)
    assert profile.states(either_app, customer_id)[-1] == ("email", state)
    profile.refresh(either_app, customer_id, said)
    assert profile.states(either_app, customer_id)[-1] == ("email", state)
    assert [field for field, _state in profile.states(either_app, customer_id)].count("email") == 2


def test_a_question_that_was_withdrawn_without_an_answer_is_asked_again(app: Flask) -> None:
    customer_id = profile.add_linked(app)
    profile.refresh(app, customer_id, profile.says(name="Kari Berg"))
    with profile.looking_at(app, customer_id) as customer:
        withdraw_proposals(customer)  # as a revocation does
        db.session.commit()
    assert profile.refresh(app, customer_id, profile.says(name="Kari Berg")).proposed == 1


def test_a_number_is_asked_about_once_vipps_has_verified_it(app: Flask) -> None:
    customer_id = profile.add_linked(app)
    unverified = profile.says(phone_number="4790000099", phone_number_verified=False)
    assert [profile.refresh(app, customer_id, unverified).proposed for _ in range(2)] == [0, 0]
    verified = profile.says(phone_number="4790000099")
    assert [profile.refresh(app, customer_id, verified).proposed for _ in range(2)] == [1, 0]


def test_what_the_customer_typed_since_is_not_replaced_by_a_change_that_was_put_off(app: Flask) -> None:
    holder = profile.add_linked(app, email="kari.berg@example.com", phone_number=None)
    customer_id = profile.add_linked(app, policy="update")
    said = profile.says(email="kari.berg@example.com")
    profile.refresh(app, customer_id, said)
    with profile.looking_at(app, holder) as customer:
        customer.set_verified_email("kari.new@example.com")
        db.session.commit()
    with profile.looking_at(app, customer_id) as customer:
        record(customer, "email", ("kari@example.com", "mine@example.com"), Source.CUSTOMER, State.APPLIED)
        customer.set_verified_email("mine@example.com")
        db.session.commit()
    profile.refresh(app, customer_id, said)
    assert profile.own_values(app, customer_id)["email"] == "mine@example.com"


@pytest.mark.parametrize("change", [{"country": ""}, {"country": "DE"}, {"postal_code": "50"}, {"region": ""}])
def test_an_address_that_the_shop_cannot_send_to_is_not_taken_over(app: Flask, change: dict[str, str]) -> None:
    customer_id = profile.add_linked(app, policy="update")
    profile.refresh(app, customer_id, profile.says(addresses=(replace(NEW_HOME, **change), WORK)))
    assert profile.own_values(app, customer_id)["address"] == OWN_HOME


PERSON, EMAIL, MOVED_EMAIL = "sindre", "sindre.vik@example.com", "sindre@fjellheim.example.com"
PROFILE = "/account/profile"


def choose(vipps: VippsPerson, policy: str) -> None:
    response = post(vipps.browser, f"{PROFILE}/policy", {"policy": policy}, form_on=PROFILE)
    assert response.status_code == 303


@pytest.mark.parametrize("policy", ["ask", "keep"])
def test_a_login_that_brings_a_change_says_so(vipps: VippsPerson, policy: str) -> None:
    for _ in range(2):  # the second login of a new customer asks no question
        vipps.log_in(PERSON)
        open_page(vipps.browser, "/")
    choose(vipps, policy)
    assert "Your details in Vipps have changed" not in open_page(vipps.browser, "/").text
    vipps.patch(f"persons/{PERSON}", {"phone_numbers": ["4790000777"]})
    fresh = browser_of(vipps.app)
    vipps.log_in(PERSON, browser=fresh)
    assert ("Your details in Vipps have changed" in open_page(fresh, "/").text) is (policy == "ask")

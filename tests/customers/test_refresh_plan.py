"""The table of `refresh_plan`: the effect of a change at Vipps, by field, policy, and first or later login."""

from typing import Any

import pytest

from app.customers.accounts.postal_address import parts_of
from app.customers.profile.fields import Policy, State, Values
from app.customers.profile.refresh_plan import plan
from tests.customers.profile_steps import CABIN, HOME, OWN_HOME, WORK

NAME, EMAIL, PHONE, ADDRESS = "name", "email", "phone_number", "address"
LISTED = [{"type": each.type, **parts_of(each)} for each in (HOME, WORK)]
OWN: Values = {NAME: "Kari Nordfjell", EMAIL: "kari@example.com", PHONE: "4790000011", ADDRESS: OWN_HOME}
VIPPS: Values = {**OWN, "addresses": LISTED}
NEWS = {NAME: "Kari Berg", EMAIL: "kari.berg@example.com", PHONE: "4790000099", ADDRESS: parts_of(WORK)}
BY_POLICY = {Policy.UPDATE: State.APPLIED, Policy.ASK: State.PROPOSED, Policy.KEEP: State.NOTED}


def states(
    now: Values,
    policy: Policy = Policy.ASK,
    *,
    before: Values = VIPPS,
    own: Values = OWN,
    verified: bool = True,
    taken: bool = False,
) -> dict[str, State]:
    changes = plan(before, now, own, policy, phone_verified=verified, email_taken=taken)
    return {line.field: line.state for line in changes.lines}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("field", NEWS)
def test_a_changed_value_follows_the_policy(field: str, policy: Policy) -> None:
    expected = {} if (field, policy) == (ADDRESS, Policy.KEEP) else {field: BY_POLICY[policy]}
    assert states({**VIPPS, field: NEWS[field]}, policy) == expected


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("before", [VIPPS, {}])
def test_equal_values_leave_no_line(policy: Policy, before: Values) -> None:
    assert states(VIPPS, policy, before=before) == {}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("field", [NAME, EMAIL, PHONE])
def test_a_value_that_is_gone_at_vipps_is_only_noted(field: str, policy: Policy) -> None:
    assert states({**VIPPS, field: None}, policy) == {field: State.NOTED}


@pytest.mark.parametrize("policy", Policy)
def test_a_list_of_addresses_that_is_gone_is_noted_once(policy: Policy) -> None:
    assert states({**VIPPS, ADDRESS: None, "addresses": None}, policy) == {"addresses": State.NOTED}


@pytest.mark.parametrize("policy", Policy)
def test_the_first_login_fills_in_missing_values_but_no_address(policy: Policy) -> None:
    lines = states(VIPPS, policy, before={}, own=dict.fromkeys(OWN))
    assert lines == dict.fromkeys((NAME, EMAIL, PHONE), State.APPLIED)


@pytest.mark.parametrize("policy", Policy)
def test_a_value_that_differs_at_the_first_login_follows_the_policy(policy: Policy) -> None:
    assert states(VIPPS, policy, before={}, own={**OWN, NAME: "Kari B."}) == {NAME: BY_POLICY[policy]}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("before", [VIPPS, {}])
@pytest.mark.parametrize("own_email", [OWN[EMAIL], None])
def test_an_address_of_another_account_is_never_applied(policy: Policy, before: Values, own_email: str | None) -> None:
    now, own = {**VIPPS, EMAIL: NEWS[EMAIL]}, {**OWN, EMAIL: own_email}
    assert states(now, policy, before=before, own=own, taken=True) == {EMAIL: State.EMAIL_TAKEN}


@pytest.mark.parametrize(
    ("policy", "state"), [(Policy.UPDATE, State.APPLIED), (Policy.ASK, State.NOTED), (Policy.KEEP, State.NOTED)]
)
def test_an_unverified_phone_number_is_never_proposed(policy: Policy, state: State) -> None:
    assert states({**VIPPS, PHONE: NEWS[PHONE]}, policy, verified=False) == {PHONE: state}


@pytest.mark.parametrize("policy", Policy)
def test_a_customer_without_an_address_is_not_asked_about_one(policy: Policy) -> None:
    now = {**VIPPS, ADDRESS: parts_of(WORK), "addresses": LISTED[1:]}
    assert states(now, policy, own={**OWN, ADDRESS: None}) == {"addresses": State.NOTED}


def test_a_new_default_address_that_the_customer_has_already_is_not_proposed() -> None:
    written = {name: part.upper() for name, part in CABIN.items()}
    assert states({**VIPPS, ADDRESS: written}, own={**OWN, ADDRESS: CABIN}) == {ADDRESS: State.NOTED}


def test_another_spelling_of_an_address_does_not_count_as_a_change() -> None:
    assert states({**VIPPS, ADDRESS: {**OWN_HOME, "region": "Bergen"}}) == {}


@pytest.mark.parametrize(
    ("policy", "now", "verified", "expected"),
    [
        (Policy.ASK, OWN[PHONE], True, True), (Policy.ASK, OWN[PHONE], False, None),
        (Policy.ASK, NEWS[PHONE], True, False), (Policy.KEEP, NEWS[PHONE], True, False),
        (Policy.UPDATE, NEWS[PHONE], True, True), (Policy.UPDATE, NEWS[PHONE], False, None),
        (Policy.ASK, None, False, None),
    ],
)  # fmt: skip
def test_the_own_number_is_verified_while_vipps_says_so(
    policy: Policy, now: Any, verified: bool, expected: bool | None
) -> None:
    changes = plan(VIPPS, {**VIPPS, PHONE: now}, OWN, policy, phone_verified=verified, email_taken=False)
    assert changes.phone_verified is expected


def test_a_phone_number_of_the_customers_own_keeps_its_state() -> None:
    own = {**OWN, PHONE: "4790000055"}
    assert plan(VIPPS, VIPPS, own, Policy.ASK, phone_verified=True, email_taken=False).phone_verified is None

"""Account matching: every row of the table, and rules that hold for all facts."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vipps import matching
from app.vipps.errors import REASONS
from app.vipps.matching import Account, Decision, Facts, Person, ProofMethod, Verdict, decide
from app.vipps.names import Agreement, compare
from app.vipps.purposes import LoginPurpose

KARI = Person("Kari Sandvik", "Nordfjell", "kari@example.com", "4790000011")
HERS = Account(7, "Kari Nordfjell", "kari@example.com", True, "4790000011", phone_verified=True, has_password=True)
BY_PHONE = replace(HERS, email="old@example.com")
PASSWORD, MAIL = ProofMethod.PASSWORD, ProofMethod.MAIL
BOTH = (PASSWORD, MAIL)

# The account, the verdict, the possible proofs of ownership, and an expected reason.
ONE_CANDIDATE = [
    (HERS, Verdict.LINK_AND_LOG_IN, (), "phone_verified_on_both_sides"),
    (replace(HERS, phone_number=None), Verdict.LINK_AND_LOG_IN, (), "email_verified_on_both_sides"),
    (replace(HERS, phone_verified=False), Verdict.LINK_AND_LOG_IN, (), "name_agrees"),
    (replace(HERS, has_password=False), Verdict.LINK_AND_LOG_IN, (), "name_agrees"),
    (replace(HERS, phone_number="4790000099"), Verdict.PROVE_OWNERSHIP, BOTH, "phone_differs"),
    (replace(HERS, phone_number="4790000099", phone_verified=False), Verdict.PROVE_OWNERSHIP, BOTH, "phone_differs"),
    (replace(HERS, phone_number="4790000099", has_password=False), Verdict.PROVE_OWNERSHIP, (MAIL,), "phone_differs"),
    (replace(HERS, name="Per Berg"), Verdict.PROVE_OWNERSHIP, (PASSWORD,), "name_differs"),
    (replace(HERS, name=""), Verdict.PROVE_OWNERSHIP, BOTH, "name_not_known"),
    (replace(HERS, name="Kari", has_password=False), Verdict.PROVE_OWNERSHIP, (MAIL,), "name_not_known"),
    (replace(BY_PHONE, name=""), Verdict.PROVE_OWNERSHIP, BOTH, "email_does_not_match"),
    (replace(HERS, name="Per Berg", has_password=False), Verdict.CREATE, (), "address_changed_hands"),
    (replace(HERS, name="Per Berg", has_other_subject=True), Verdict.CREATE, (), "address_changed_hands"),
    (replace(HERS, email_verified=False, phone_number=None), Verdict.PROVE_OWNERSHIP, BOTH, "email_not_confirmed_here"),
    (replace(HERS, email_verified=False, name="A Stranger"), Verdict.PROVE_OWNERSHIP, BOTH, "email_not_confirmed_here"),
    (replace(HERS, email_verified=False, has_other_subject=True), Verdict.CREATE, (), "address_not_confirmed_there"),
    (BY_PHONE, Verdict.PROVE_OWNERSHIP, BOTH, "email_does_not_match"),
    (replace(BY_PHONE, email=None), Verdict.PROVE_OWNERSHIP, (PASSWORD,), "email_not_known"),
    (replace(BY_PHONE, email_verified=False), Verdict.PROVE_OWNERSHIP, (PASSWORD,), "email_does_not_match"),
    (replace(BY_PHONE, name="Per Berg"), Verdict.CREATE, (), "number_changed_hands"),
    (replace(BY_PHONE, has_other_subject=True), Verdict.CREATE, (), "number_moved_on"),
    (replace(BY_PHONE, has_password=False, email=None), Verdict.CREATE, (), "number_moved_on"),
    (replace(BY_PHONE, phone_verified=False), Verdict.CREATE, (), "no_verified_value_in_common"),
    (replace(HERS, has_other_subject=True), Verdict.OTHER_SUBJECT, (), "account_has_other_subject"),
    (replace(HERS, blocked=True), Verdict.ACCOUNT_BLOCKED, (), "account_blocked"),
]


@pytest.mark.parametrize(("account", "verdict", "ways", "reason"), ONE_CANDIDATE)
@pytest.mark.parametrize("purpose", [LoginPurpose.LOG_IN, LoginPurpose.MEMBERS])
def test_one_candidate(
    account: Account, verdict: Verdict, ways: tuple[ProofMethod, ...], reason: str, purpose: LoginPurpose
) -> None:
    if purpose is LoginPurpose.MEMBERS and verdict is Verdict.CREATE:
        verdict = Verdict.MEMBERS_ONLY
    decision = decide(Facts(purpose, KARI, candidates=[account]))
    assert (decision.verdict, decision.ways) == (verdict, ways)
    assert reason in decision.reasons
    assert decision.reasons[0] == "subject_unknown"
    assert decision.account_id == (None if verdict in (Verdict.CREATE, Verdict.MEMBERS_ONLY) else 7)


def test_a_known_subject_logs_in_whatever_else_has_changed() -> None:
    known = replace(HERS, name="Another Name", email="x@example.com", phone_number=None)
    decision = decide(Facts(LoginPurpose.LOG_IN, KARI, known=known, candidates=[replace(HERS, id=8)]))
    assert decision == Decision(Verdict.KNOWN_SUBJECT, 7, ("subject_known",))


def test_a_known_subject_of_a_blocked_account_does_not_log_in() -> None:
    decision = decide(Facts(LoginPurpose.LOG_IN, KARI, known=replace(HERS, blocked=True)))
    assert (decision.verdict, decision.account_id) == (Verdict.ACCOUNT_BLOCKED, 7)


@pytest.mark.parametrize(
    ("candidates", "verdict", "account"),
    [
        ([replace(HERS, phone_number=None), replace(BY_PHONE, id=8)], Verdict.SEVERAL_ACCOUNTS, None),
        ([replace(HERS, email_verified=False), replace(BY_PHONE, id=8)], Verdict.SEVERAL_ACCOUNTS, None),
        ([replace(BY_PHONE, id=8), replace(BY_PHONE, id=9)], Verdict.SEVERAL_ACCOUNTS, None),
        ([HERS, replace(BY_PHONE, id=8, blocked=True)], Verdict.SEVERAL_ACCOUNTS, None),
        ([HERS, replace(BY_PHONE, id=8, name="Per Berg")], Verdict.LINK_AND_LOG_IN, 7),
        ([HERS, replace(BY_PHONE, id=8, has_other_subject=True)], Verdict.LINK_AND_LOG_IN, 7),
        ([replace(HERS, name="Per Berg", has_password=False), replace(BY_PHONE, id=8)], Verdict.PROVE_OWNERSHIP, 8),
        ([], Verdict.CREATE, None),
    ],
)
def test_several_candidates(candidates: list[Account], verdict: Verdict, account: int | None) -> None:
    for order in (candidates, candidates[::-1]):
        decision = decide(Facts(LoginPurpose.LOG_IN, KARI, candidates=order))
        assert (decision.verdict, decision.account_id) == (verdict, account)


def test_a_members_only_shop_creates_no_account() -> None:
    assert decide(Facts(LoginPurpose.LOG_IN, KARI, new_customers=False)).verdict is Verdict.MEMBERS_ONLY
    assert decide(Facts(LoginPurpose.MEMBERS, KARI)).verdict is Verdict.MEMBERS_ONLY


@pytest.mark.parametrize(
    ("purpose", "known", "current", "verdict"),
    [
        (LoginPurpose.CONNECT, None, HERS, Verdict.LINK),
        (LoginPurpose.PROVE, None, HERS, Verdict.LINK),
        (LoginPurpose.CONNECT, HERS, HERS, Verdict.KNOWN_SUBJECT),
        (LoginPurpose.CONNECT, replace(HERS, id=8), HERS, Verdict.LINKED_ELSEWHERE),
        (LoginPurpose.PROVE, replace(HERS, id=8), HERS, Verdict.LINKED_ELSEWHERE),
        (LoginPurpose.CONNECT, None, replace(HERS, has_other_subject=True), Verdict.OTHER_SUBJECT),
        (LoginPurpose.CONNECT, None, replace(HERS, blocked=True), Verdict.ACCOUNT_BLOCKED),
        (LoginPurpose.REFRESH, HERS, HERS, Verdict.KNOWN_SUBJECT),
        (LoginPurpose.CONFIRM, HERS, HERS, Verdict.KNOWN_SUBJECT),
        (LoginPurpose.REFRESH, replace(HERS, id=8), HERS, Verdict.OTHER_PERSON),
        (LoginPurpose.CONFIRM, None, HERS, Verdict.OTHER_PERSON),
        (LoginPurpose.CONFIRM, HERS, replace(HERS, blocked=True), Verdict.ACCOUNT_BLOCKED),
    ],
)
def test_decisions_for_a_logged_in_customer(
    purpose: LoginPurpose, known: Account | None, current: Account, verdict: Verdict
) -> None:
    decision = decide(Facts(purpose, KARI, known=known, candidates=[replace(HERS, id=9)], current=current))
    assert (decision.verdict, decision.account_id) == (verdict, 7)


def test_linking_needs_a_customer_who_is_logged_in() -> None:
    with pytest.raises(ValueError, match="needs a current account"):
        decide(Facts(LoginPurpose.CONNECT, KARI))


def test_the_table_in_the_docstring_names_every_verdict() -> None:
    assert matching.__doc__
    assert {verdict.name for verdict in Verdict} <= set(matching.__doc__.replace("`", " ").split())


def test_every_reason_has_its_text_and_is_used() -> None:
    source = "".join(
        Path(name).read_text(encoding="utf-8")
        for name in ("app/vipps/matching.py", "app/customers/linking/account_links.py")
    )
    assert [reason for reason in REASONS if f'"{reason}"' not in source] == []


# A few values each, so that they match often, and every combination of verified values.
EMAILS = st.sampled_from([None, "a@example.com", "b@example.com"])
PHONES = st.sampled_from([None, "4790000001", "4790000002"])
NAMES = st.sampled_from(["", "Kari Nordfjell", "Nordfjell, Kari Sandvik", "Per Berg"])
FLAG = st.booleans()
PEOPLE = st.builds(
    Person,
    given_name=st.sampled_from(["", "Kari Sandvik", "Per"]),
    family_name=st.sampled_from(["", "Nordfjell", "Berg"]),
    name=st.sampled_from(["", "Kari Nordfjell", "Per"]),
    email=EMAILS,
    phone_number=PHONES,
)


def accounts(number: int) -> st.SearchStrategy[Account]:
    return st.builds(
        Account,
        id=st.just(number),
        name=NAMES,
        email=EMAILS,
        email_verified=FLAG,
        phone_number=PHONES,
        phone_verified=FLAG,
        has_password=FLAG,
        has_other_subject=FLAG,
        blocked=FLAG,
    )


CANDIDATES = st.tuples(*(st.none() | accounts(number) for number in (1, 2, 3))).map(
    lambda found: [account for account in found if account]
)
LOGINS = st.builds(
    Facts,
    purpose=st.sampled_from([LoginPurpose.LOG_IN, LoginPurpose.MEMBERS]),
    person=PEOPLE,
    known=st.none() | accounts(9),
    candidates=CANDIDATES,
    new_customers=FLAG,
)


def of(facts: Facts, decision: Decision) -> tuple[Account, Agreement]:
    """Return the candidate of a decision, and how its name compares with the person's."""
    (found,) = (account for account in facts.candidates if account.id == decision.account_id)
    person = facts.person
    return found, compare(found.name, person.given_name, person.family_name, person.name)


@pytest.mark.parametrize(
    "person",
    [
        replace(KARI, given_name="", family_name=""),
        replace(KARI, given_name="Kari", family_name=""),
        replace(KARI, given_name="", family_name="", name="Kari"),
    ],
)
@pytest.mark.parametrize("account", [HERS, replace(BY_PHONE, has_password=False)])
def test_a_name_that_vipps_leaves_out_asks_for_proof_by_an_emailed_link(person: Person, account: Account) -> None:
    decision = decide(Facts(LoginPurpose.LOG_IN, person, candidates=[account]))
    assert (decision.verdict, MAIL in decision.ways) == (Verdict.PROVE_OWNERSHIP, True)


def test_the_whole_name_serves_where_its_parts_are_missing() -> None:
    person = replace(KARI, given_name="", family_name="", name="Kari Sandvik Nordfjell")
    assert decide(Facts(LoginPurpose.LOG_IN, person, candidates=[HERS])).verdict is Verdict.LINK_AND_LOG_IN


@given(LOGINS)
def test_an_unknown_name_never_counts_as_a_contradiction(facts: Facts) -> None:
    unknown = replace(facts, known=None, person=replace(facts.person, given_name="", family_name="", name=""))
    assert not {"name_differs", "number_changed_hands", "address_changed_hands"} & set(decide(unknown).reasons)


@given(LOGINS)
def test_a_subject_has_one_customer(facts: Facts) -> None:
    """A subject never gets two customers: a known subject is only logged in to its own account."""
    decision = decide(facts)
    assert set(decision.reasons) <= set(REASONS), "a reason has no text"
    if facts.known:
        assert decision.account_id == facts.known.id
        assert decision.verdict in (Verdict.KNOWN_SUBJECT, Verdict.ACCOUNT_BLOCKED)
    else:
        assert decision.verdict is not Verdict.KNOWN_SUBJECT
    if facts.purpose is LoginPurpose.MEMBERS or not facts.new_customers:
        assert decision.verdict is not Verdict.CREATE


@given(LOGINS)
def test_a_link_without_asking_needs_everything_verified(facts: Facts) -> None:
    decision = decide(facts)
    if decision.verdict is not Verdict.LINK_AND_LOG_IN:
        return
    (account, names), person = of(facts, decision), facts.person
    assert person.email is not None
    assert account.email == person.email
    assert account.email_verified
    assert not account.has_other_subject
    assert not account.blocked
    assert names is Agreement.AGREES
    assert account.phone_number in (None, person.phone_number) or person.phone_number is None


@given(LOGINS)
def test_proof_is_asked_only_for_an_account_with_a_value_verified_by_vipps(facts: Facts) -> None:
    decision = decide(facts)
    if decision.verdict is not Verdict.PROVE_OWNERSHIP:
        return
    (account, names), person = of(facts, decision), facts.person
    same_email = person.email is not None and account.email == person.email
    same_phone = person.phone_number is not None and account.phone_number == person.phone_number
    assert same_email or (same_phone and account.phone_verified)
    assert not account.has_other_subject
    assert decision.ways
    assert ProofMethod.PASSWORD not in decision.ways or account.has_password
    assert ProofMethod.MAIL not in decision.ways or (account.email and (account.email_verified or same_email))
    if names is Agreement.CONTRADICTS:
        assert same_email, "a number under another name proves nothing"


@given(LOGINS, st.randoms())
def test_order_and_unrelated_accounts_do_not_matter(facts: Facts, random: object) -> None:
    stranger = Account(99, "Per Berg", "stranger@example.com", True, "4799999999", True, True)
    shuffled = [*facts.candidates, stranger]
    random.shuffle(shuffled)
    before, after = decide(facts), decide(replace(facts, candidates=shuffled))
    assert (before.verdict, before.account_id, before.ways) == (after.verdict, after.account_id, after.ways)


@given(
    st.builds(
        Facts,
        purpose=st.sampled_from([LoginPurpose.CONNECT, LoginPurpose.PROVE, LoginPurpose.REFRESH, LoginPurpose.CONFIRM]),
        person=PEOPLE,
        known=st.none() | accounts(1) | accounts(9),
        candidates=CANDIDATES,
        current=accounts(1),
    )
)
def test_a_logged_in_customer_gets_only_their_own_account(facts: Facts) -> None:
    decision = decide(facts)
    assert facts.current is not None
    assert decision.account_id == facts.current.id
    if decision.verdict is Verdict.LINK:
        assert facts.known is None
        assert not facts.current.has_other_subject
        assert not facts.current.blocked
        assert facts.purpose in (LoginPurpose.CONNECT, LoginPurpose.PROVE)

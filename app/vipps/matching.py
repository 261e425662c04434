"""Which customer is this? A pure function from facts to one named verdict, with its reasons.

A customer is identified by issuer, client and subject, and by nothing else (OpenID Connect Core, section 5.7). Only for
an unknown subject does the shop look for an account with the same email address or phone number, and then a value
counts only if Vipps and the shop have both verified it: an attacker may have registered an address that was never
confirmed here (Sudhodanan and Paverd, "Pre-hijacked accounts", USENIX Security 2022). Phone numbers and addresses
change hands, so the name must agree (Vipps Login API guide: best practices for linking user accounts).

For a login (`LOG_IN`, `MEMBERS`) the first row that applies decides. "Verified" means verified on both sides.

| facts                                                              | verdict            |
|--------------------------------------------------------------------|--------------------|
| subject known, its account blocked                                 | `ACCOUNT_BLOCKED`  |
| subject known                                                      | `KNOWN_SUBJECT`    |
| more than one account matches                                      | `SEVERAL_ACCOUNTS` |
| the one account that matches is blocked                            | `ACCOUNT_BLOCKED`  |
| it is linked to another Vipps user                                 | `OTHER_SUBJECT`    |
| email verified, name agrees, phone numbers do not contradict       | `LINK_AND_LOG_IN`  |
| email verified, name agrees, but the phone numbers contradict      | `PROVE_OWNERSHIP`  |
| email verified, name unknown                                       | `PROVE_OWNERSHIP`  |
| email verified, but the name contradicts (by password only)        | `PROVE_OWNERSHIP`  |
| email matches, but was never confirmed here                        | `PROVE_OWNERSHIP`  |
| only the phone number matches, and the name agrees or is unknown   | `PROVE_OWNERSHIP`  |
| no account matches, and logins may create accounts                 | `CREATE`           |
| no account matches, and logins may not create accounts             | `MEMBERS_ONLY`     |

Each comparison has three results: the values agree, they contradict, or one of them is unknown. Vipps may leave out any
claim, so unknown never counts as a contradiction. Without a name the shop asks for proof. A name of one word counts as
unknown, because it fits too many people (`names.compare`). A missing phone number changes nothing.

An account does not match by its phone number alone if the name contradicts, if it is linked to another Vipps user or if
its owner could not prove it: the number has changed hands. It does not match by its address if the name contradicts and
it has no password, or if the address was never confirmed and the account is linked to another Vipps user.

For a customer who is logged in (`CONNECT`, `PROVE`, `REFRESH`, `CONFIRM`):

| facts                                                              | verdict            |
|--------------------------------------------------------------------|--------------------|
| the account is blocked                                             | `ACCOUNT_BLOCKED`  |
| the subject is already linked to this account                      | `KNOWN_SUBJECT`    |
| refresh or confirm, and the subject is not linked to this account  | `OTHER_PERSON`     |
| connect, and the subject is linked to another account              | `LINKED_ELSEWHERE` |
| connect, and the account is linked to another Vipps user           | `OTHER_SUBJECT`    |
| connect                                                            | `LINK`             |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from . import names
from .names import Agreement
from .purposes import LoginPurpose


class Verdict(StrEnum):
    """The outcome of a decision."""

    KNOWN_SUBJECT = "known_subject"
    LINK_AND_LOG_IN = "link_and_log_in"
    LINK = "link"
    CREATE = "create"
    PROVE_OWNERSHIP = "prove_ownership"
    SEVERAL_ACCOUNTS = "several_accounts"
    OTHER_SUBJECT = "other_subject"
    LINKED_ELSEWHERE = "linked_elsewhere"
    OTHER_PERSON = "other_person"
    MEMBERS_ONLY = "members_only"
    ACCOUNT_BLOCKED = "account_blocked"


class ProofMethod(StrEnum):
    """How a person can prove that an account is theirs."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    MAIL = "mail"


@dataclass(frozen=True)
class Person:
    """The person who logged in at Vipps. Email and phone number are None unless Vipps has verified them."""

    given_name: str = ""
    family_name: str = ""
    email: str | None = None
    phone_number: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Account:
    """An account of the shop. `has_other_subject`: it is linked to another Vipps user of this sales unit."""

    id: int
    name: str = ""
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_verified: bool = False
    has_password: bool = False
    has_other_subject: bool = False
    blocked: bool = False


@dataclass(frozen=True)
class Facts:
    """The facts of a decision.

    `known` is the account that is linked to this subject, `candidates` are the accounts with the person's email address
    or phone number, and `current` is the account that is logged in, or was proved by an emailed link.
    """

    purpose: LoginPurpose
    person: Person
    known: Account | None = None
    candidates: Sequence[Account] = ()
    current: Account | None = None
    new_customers: bool = True


@dataclass(frozen=True)
class Decision:
    """The verdict, its account, and its reasons by name (their texts are in `errors.REASONS`).

    `ways` are the possible proofs for `PROVE_OWNERSHIP`.
    """

    verdict: Verdict
    account_id: int | None
    reasons: tuple[str, ...]
    ways: tuple[ProofMethod, ...] = ()


def decide(facts: Facts) -> Decision:
    """Decide what a Vipps login does, by the tables above. Raise `ValueError` if `current` is needed and missing."""
    if facts.purpose in (LoginPurpose.LOG_IN, LoginPurpose.MEMBERS):
        return _log_in(facts)
    if facts.current is None:
        raise ValueError(f"{facts.purpose} needs a current account")
    return _unless_blocked(facts.current, _connect(facts, facts.current))


def _log_in(facts: Facts) -> Decision:
    if facts.known:
        return _unless_blocked(facts.known, Decision(Verdict.KNOWN_SUBJECT, facts.known.id, ("subject_known",)))
    matches, reasons = _matches(facts.person, facts.candidates)
    reasons = ("subject_unknown", *reasons)
    if len(matches) > 1:
        return Decision(Verdict.SEVERAL_ACCOUNTS, None, (*reasons, "several_match"))
    if len(matches) == 1:
        found = _the_one(facts.person, matches[0])
        return _unless_blocked(matches[0], replace(found, reasons=(*reasons, *found.reasons)))
    if facts.purpose is LoginPurpose.MEMBERS or not facts.new_customers:
        return Decision(Verdict.MEMBERS_ONLY, None, (*reasons, "nothing_matches", "members_only"))
    return Decision(Verdict.CREATE, None, (*reasons, "nothing_matches"))


def _matches(person: Person, candidates: Sequence[Account]) -> tuple[list[Account], tuple[str, ...]]:
    """Return the accounts that can be this person's, and the reasons why other candidates cannot."""
    matches: list[Account] = []
    reasons: list[str] = [] if person.email else ["no_verified_email"]
    for account in candidates:
        refuted = _refuted(person, account)
        if refuted is None:
            matches.append(account)
        elif refuted not in reasons:
            reasons.append(refuted)
    return matches, tuple(sorted(reasons))


def _refuted(person: Person, account: Account) -> str | None:
    """Return the reason why an account cannot be this person's, or None."""
    another_name = _compare_names(person, account) is Agreement.CONTRADICTS
    if _same_email(person, account):
        if not account.email_verified:
            return "address_not_confirmed_there" if account.has_other_subject else None
        return "address_changed_hands" if another_name and not _can_be_asked(account) else None
    if not _same_phone(person, account):
        return "no_verified_value_in_common"
    if another_name:
        return "number_changed_hands"
    if account.has_other_subject or not _ways(person, account):
        return "number_moved_on"
    return None


def _the_one(person: Person, account: Account) -> Decision:
    """Decide about the one account that matches."""
    if account.has_other_subject:
        return Decision(Verdict.OTHER_SUBJECT, account.id, ("account_has_other_subject",))
    if not _same_email(person, account):
        other = "email_does_not_match" if person.email and account.email else "email_not_known"
        return _prove(person, account, "phone_verified_on_both_sides", other)
    if not account.email_verified:
        return _prove(person, account, "email_not_confirmed_here")
    reasons: tuple[str, ...] = ("email_verified_on_both_sides",)
    match _compare_names(person, account):
        case Agreement.CONTRADICTS:
            return Decision(Verdict.PROVE_OWNERSHIP, account.id, (*reasons, "name_differs"), (ProofMethod.PASSWORD,))
        case Agreement.UNKNOWN:
            return _prove(person, account, *reasons, "name_not_known")
    if account.phone_number and person.phone_number and account.phone_number != person.phone_number:
        return _prove(person, account, *reasons, "name_agrees", "phone_differs")
    if _same_phone(person, account):
        reasons = (*reasons, "phone_verified_on_both_sides")
    return Decision(Verdict.LINK_AND_LOG_IN, account.id, (*reasons, "name_agrees"))


def _connect(facts: Facts, account: Account) -> Decision:
    if facts.known and facts.known.id == account.id:
        return Decision(Verdict.KNOWN_SUBJECT, account.id, ("subject_is_yours",))
    if facts.purpose in (LoginPurpose.REFRESH, LoginPurpose.CONFIRM):
        return Decision(Verdict.OTHER_PERSON, account.id, ("subject_is_not_yours",))
    if facts.known:
        return Decision(Verdict.LINKED_ELSEWHERE, account.id, ("subject_opens_another_account",))
    if account.has_other_subject:
        return Decision(Verdict.OTHER_SUBJECT, account.id, ("account_has_other_subject",))
    return Decision(Verdict.LINK, account.id, ("subject_unknown", "owner_asked_for_it"))


def _unless_blocked(account: Account, decision: Decision) -> Decision:
    if account.blocked:
        return Decision(Verdict.ACCOUNT_BLOCKED, account.id, (*decision.reasons, "account_blocked"))
    return decision


def _prove(person: Person, account: Account, *reasons: str) -> Decision:
    return Decision(Verdict.PROVE_OWNERSHIP, account.id, reasons, _ways(person, account))


def _ways(person: Person, account: Account) -> tuple[ProofMethod, ...]:
    """Return how a person can prove that this account is theirs: by its password, or by a link to its address.

    A link proves nothing unless the address is verified, for the account or for the person at Vipps.
    """
    readable = account.email is not None and (account.email_verified or _same_email(person, account))
    possible = {ProofMethod.PASSWORD: account.has_password, ProofMethod.MAIL: readable}
    return tuple(method for method, is_possible in possible.items() if is_possible)


def _can_be_asked(account: Account) -> bool:
    """Tell whether a person can prove an account whose name differs.

    An emailed link would prove only the address, which Vipps has verified already. So the password is required.
    """
    return account.has_password and not account.has_other_subject


def _same_email(person: Person, account: Account) -> bool:
    return person.email is not None and account.email == person.email


def _same_phone(person: Person, account: Account) -> bool:
    return person.phone_number is not None and account.phone_verified and account.phone_number == person.phone_number


def _compare_names(person: Person, account: Account) -> Agreement:
    return names.compare(account.name, person.given_name, person.family_name, person.name)

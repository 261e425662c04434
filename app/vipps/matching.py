"""Which customer is this? A pure function from facts to one named verdict, with the reasons that led there.

A person is known by issuer, client and subject, and by nothing else (OpenID Connect Core, section 5.7). Only somebody
who is not known yet is looked for by e-mail and telephone, and then a value counts only if Vipps has verified it and
the shop has too: an address that was never confirmed here may have been registered by a stranger who waits inside
(Sudhodanan and Paverd, "Pre-hijacked accounts", USENIX Security 2022). Numbers and addresses change hands, so the
name must agree (Vipps Login API guide: best practices for linking user accounts).

To log in (`LOG_IN`, `MEMBERS`), the first row that fits decides. "Verified" means on both sides, "free" that no other
Vipps user opens the account.

| facts                                                              | verdict            |
|--------------------------------------------------------------------|--------------------|
| subject known, its account blocked                                 | `ACCOUNT_BLOCKED`  |
| subject known                                                      | `KNOWN_SUBJECT`    |
| more than one account matches                                      | `SEVERAL_ACCOUNTS` |
| the one account that matches is blocked                            | `ACCOUNT_BLOCKED`  |
| it has another Vipps user                                          | `OTHER_SUBJECT`    |
| e-mail verified, name agrees, numbers do not contradict            | `LINK_AND_LOG_IN`  |
| e-mail verified, name agrees, but the numbers differ               | `PROVE_OWNERSHIP`  |
| e-mail verified, but the name differs (by password only)           | `PROVE_OWNERSHIP`  |
| e-mail matches, but was never confirmed here                       | `PROVE_OWNERSHIP`  |
| only the telephone number matches, and the name agrees             | `PROVE_OWNERSHIP`  |
| nothing matches, and new customers are welcome                     | `CREATE`           |
| nothing matches, and this is for members only                      | `MEMBERS_ONLY`     |

An account does not match by its number alone if its name differs, another Vipps user opens it or nothing could prove
it: the number has changed hands. Nor does it match by its address if the name differs and it has no password to ask
for, or if the address was never confirmed and another Vipps user opens it.

Who is logged in and asks for something (`CONNECT`, `PROVE`, `REFRESH`, `CONFIRM`):

| facts                                                              | verdict            |
|--------------------------------------------------------------------|--------------------|
| the account is blocked                                             | `ACCOUNT_BLOCKED`  |
| the subject is this account's already                              | `KNOWN_SUBJECT`    |
| to refresh or confirm, and the subject is not this account's       | `OTHER_PERSON`     |
| to connect, and the subject opens another account                  | `LINKED_ELSEWHERE` |
| to connect, and the account has another Vipps user                 | `OTHER_SUBJECT`    |
| to connect                                                         | `LINK`             |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from . import names
from .purposes import Purpose


class Verdict(StrEnum):
    """What is to be done."""

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


class Way(StrEnum):
    """How the owner of an account may prove that it is theirs."""

    PASSWORD = "password"  # noqa: S105 - the name of a way
    MAIL = "mail"


@dataclass(frozen=True)
class Person:
    """Who came back from Vipps. E-mail and number are in their one normal form, and only there if verified."""

    given_name: str = ""
    family_name: str = ""
    email: str | None = None
    phone_number: str | None = None


@dataclass(frozen=True)
class Account:
    """An account of the shop. `has_other_subject`: a Vipps user of this sales unit opens it, and not this one."""

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
    """What is known at the moment of deciding.

    `known` is the account of this subject, `candidates` are those that have the person's e-mail address or number,
    and `current` is the account whose owner asks: logged in, or proved by a mailed link.
    """

    purpose: Purpose
    person: Person
    known: Account | None = None
    candidates: Sequence[Account] = ()
    current: Account | None = None
    new_customers: bool = True


@dataclass(frozen=True)
class Decision:
    """The verdict, the account that it is about, and the reasons by name (their texts: `reasons.REASONS`).

    `ways` is how ownership may be proved, for `PROVE_OWNERSHIP`.
    """

    verdict: Verdict
    account_id: int | None
    reasons: tuple[str, ...]
    ways: tuple[Way, ...] = ()


def decide(facts: Facts) -> Decision:
    """Choose what a Vipps login does; see the tables above."""
    if facts.purpose in (Purpose.LOG_IN, Purpose.MEMBERS):
        return _log_in(facts)
    return _for_somebody(facts, facts.current)


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
    if facts.purpose is Purpose.MEMBERS or not facts.new_customers:
        return Decision(Verdict.MEMBERS_ONLY, None, (*reasons, "nothing_matches", "members_only"))
    return Decision(Verdict.CREATE, None, (*reasons, "nothing_matches"))


def _matches(person: Person, candidates: Sequence[Account]) -> tuple[list[Account], tuple[str, ...]]:
    """Return the accounts that can be this person's, and why others with the same number or address cannot."""
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
    """Name the reason why an account is not this person's, or None if it can be."""
    agrees = _name_agrees(person, account)
    if _same_email(person, account):
        if not account.email_verified:
            return "address_not_confirmed_there" if account.has_other_subject else None
        return None if agrees or _can_be_asked(account) else "address_changed_hands"
    if not _same_phone(person, account):
        return "no_verified_value_in_common"
    if not agrees:
        return "number_changed_hands"
    if account.has_other_subject or not _ways(person, account):
        return "number_moved_on"
    return None


def _the_one(person: Person, account: Account) -> Decision:
    """Decide about the only account that matches."""
    if account.has_other_subject:
        return Decision(Verdict.OTHER_SUBJECT, account.id, ("account_has_other_subject",))
    if not _same_email(person, account):
        return _prove(person, account, "phone_verified_on_both_sides", "email_does_not_match")
    if not account.email_verified:
        return _prove(person, account, "email_not_confirmed_here")
    reasons: tuple[str, ...] = ("email_verified_on_both_sides",)
    if not _name_agrees(person, account):
        return Decision(Verdict.PROVE_OWNERSHIP, account.id, (*reasons, "name_differs"), (Way.PASSWORD,))
    if account.phone_number and person.phone_number and account.phone_number != person.phone_number:
        return _prove(person, account, *reasons, "name_agrees", "phone_differs")
    if _same_phone(person, account):
        reasons = (*reasons, "phone_verified_on_both_sides")
    return Decision(Verdict.LINK_AND_LOG_IN, account.id, (*reasons, "name_agrees"))


def _for_somebody(facts: Facts, account: Account | None) -> Decision:
    if account is None:
        raise ValueError(f"to {facts.purpose}, somebody has to be there")
    return _unless_blocked(account, _connect(facts, account))


def _connect(facts: Facts, account: Account) -> Decision:
    if facts.known and facts.known.id == account.id:
        return Decision(Verdict.KNOWN_SUBJECT, account.id, ("subject_is_yours",))
    if facts.purpose in (Purpose.REFRESH, Purpose.CONFIRM):
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


def _ways(person: Person, account: Account) -> tuple[Way, ...]:
    """Return how this account's owner can prove that it is theirs: by its password, or by a link to its address.

    A mailbox proves nothing unless the account's owner, or the person at Vipps, is known to read it.
    """
    readable = account.email is not None and (account.email_verified or _same_email(person, account))
    return tuple(way for way, there in ((Way.PASSWORD, account.has_password), (Way.MAIL, readable)) if there)


def _can_be_asked(account: Account) -> bool:
    """Tell whether an account whose name differs can still be proved, or says itself that it is another's.

    A link to the address would prove nothing that Vipps has not verified already, so the password is the only way.
    """
    return account.has_password and not account.has_other_subject


def _same_email(person: Person, account: Account) -> bool:
    return person.email is not None and account.email == person.email


def _same_phone(person: Person, account: Account) -> bool:
    return person.phone_number is not None and account.phone_verified and account.phone_number == person.phone_number


def _name_agrees(person: Person, account: Account) -> bool:
    return names.agree(account.name, person.given_name, person.family_name)

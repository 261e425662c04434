"""Which customer is this? A pure function from facts to a named decision.

A person is known by issuer, client and subject, and by nothing else (OpenID Connect Core, section 5.7; Vipps Login API
guide: best practices for linking user accounts). The facts are gathered by the caller; nothing here reads a database.

| subject known | decision |
|---|---|
| yes | `LogIn`: the customer who has it |
| no | `Create`: a new customer |
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What is known at the moment of deciding: the customer who already has this subject, if any."""

    known_customer_id: int | None


@dataclass(frozen=True)
class LogIn:
    """This customer logs in."""

    customer_id: int
    reasons: tuple[str, ...]
    name: str = "log_in"


@dataclass(frozen=True)
class Create:
    """A new customer is made."""

    reasons: tuple[str, ...]
    name: str = "create"


Decision = LogIn | Create


def decide(facts: Facts) -> Decision:
    """Choose the customer."""
    if facts.known_customer_id is not None:
        return LogIn(facts.known_customer_id, ("subject_known",))
    return Create(("subject_unknown",))

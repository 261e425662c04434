"""The activity log of an account: every login and every security-relevant change, with how it came about.

The customer reads it on their page, and support staff look up its reference numbers. A Vipps login records its decision
and the reasons here. An entry is part of the transaction that it is about; the caller commits.
"""

from collections.abc import Sequence

from sqlalchemy import Select, select

from app.customers.models import Activity, Customer, Kind, LoginMethod
from app.customers.user_agent import user_agent_of_request
from app.database import db, insert_row
from app.logging import reference
from app.settings import settings_of_app
from app.text_tables import branded, text_table
from app.vipps.errors import REASONS
from app.vipps.matching import Decision

PER_PAGE = 20
KINDS = text_table("customers", "activities")
METHODS = text_table("customers", "login_methods")
VERDICTS = text_table("customers", "verdicts")


def record(
    customer: Customer | None, kind: Kind, *, method: str | None = None, decision: Decision | None = None
) -> Activity:
    """Add an entry for a customer, or for an unknown one (None), with this request's browser and reference number."""
    return insert_row(
        Activity(
            customer_id=customer.id if customer else None,
            kind=kind,
            method=method,
            decision=decision.verdict if decision else None,
            reasons=list(decision.reasons) if decision else [],
            user_agent=user_agent_of_request(),
            reference=reference(),
        )
    )


def of_customer(customer: Customer) -> Select[Activity]:
    """Select the entries of a customer."""
    return select(Activity).where(Activity.customer_id == customer.id)


def find(customer: Customer, activity_id: int) -> Activity | None:
    """Return an entry of this customer; None if it belongs to another customer (ASVS 8.2.2)."""
    return db.session.scalar(of_customer(customer).where(Activity.id == activity_id))


def latest_logins(customer: Customer, most: int) -> Sequence[Activity]:
    """Return the customer's latest logins, newest first."""
    logins = of_customer(customer).where(Activity.kind == Kind.LOGGED_IN)
    return db.session.scalars(logins.order_by(Activity.id.desc()).limit(most)).all()


def describe_activity(line: Activity) -> str:
    """Return a sentence about the event."""
    return branded(KINDS[line.kind])


def login_method(method: str | None) -> str:
    """Return the name of the login method for people; an empty string if there was none."""
    if method == LoginMethod.VIPPS:
        return settings_of_app().brand
    return branded(METHODS[method]) if method and method in METHODS else ""


def describe_decision(line: Activity) -> str:
    """Return a sentence about the decision, or an empty string."""
    return branded(VERDICTS[line.decision]) if line.decision else ""


def describe_reasons(names: Sequence[str]) -> list[str]:
    """Return the reasons of a decision in words; a reason that the app no longer knows is left out."""
    return [branded(REASONS[name]) for name in names if name in REASONS]

"""The activity log of an account: every login and every security-relevant change, with how it came about.

The customer reads it on their page, support staff look up its reference numbers, and a Vipps login leaves here
what was decided and why. A line is part of the transaction that it is about; the caller commits.
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
    """Add a line for a customer, or for no known customer, with the browser and the number of this request."""
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
    """Select a customer's list."""
    return select(Activity).where(Activity.customer_id == customer.id)


def find(customer: Customer, activity_id: int) -> Activity | None:
    """Return a line of this customer's list; another customer's counts as none (ASVS 8.2.2)."""
    return db.session.scalar(of_customer(customer).where(Activity.id == activity_id))


def latest_logins(customer: Customer, most: int) -> Sequence[Activity]:
    """Return the customer's latest logins, newest first."""
    logins = of_customer(customer).where(Activity.kind == Kind.LOGGED_IN)
    return db.session.scalars(logins.order_by(Activity.id.desc()).limit(most)).all()


def describe_activity(line: Activity) -> str:
    """Return what happened."""
    return branded(KINDS[line.kind])


def login_method(method: str | None) -> str:
    """Return the way of a login as people call it; an empty string if there was none."""
    if method == LoginMethod.VIPPS:
        return settings_of_app().brand
    return branded(METHODS[method]) if method and method in METHODS else ""


def describe_decision(line: Activity) -> str:
    """Return what was decided, or an empty string."""
    return branded(VERDICTS[line.decision]) if line.decision else ""


def describe_reasons(names: Sequence[str]) -> list[str]:
    """Return the reasons of a decision in words; one that is no longer given is left out."""
    return [branded(REASONS[name]) for name in names if name in REASONS]

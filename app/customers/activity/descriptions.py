"""The activity list in plain words: what happened, by which way, and what a decision meant."""

from collections.abc import Sequence

from app.customers.models import Activity, LoginMethod
from app.settings import settings_of_app
from app.text_tables import branded, text_table
from app.vipps.reasons import REASONS

KINDS = text_table("customers", "activities")
METHODS = text_table("customers", "login_methods")
VERDICTS = text_table("customers", "verdicts")


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

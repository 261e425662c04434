"""The scopes: which exist, which plan covers them, and which need the person's consent.

Sources: Vipps MobilePay Login API guide, “Core concepts: scopes” and “Product plans”. A scope outside the unit's plan
is dropped silently; an unknown scope is `invalid_scope` (Vipps MobilePay Login FAQ).
"""

from collections.abc import Iterable

from .consents import CUSTOM_FLOW, DELEGATED_CONSENTS

OPENID = "openid"
_BASIC = (OPENID, "name", "phoneNumber", "email", "address", DELEGATED_CONSENTS, CUSTOM_FLOW)
_ADVANCED = (*_BASIC, "birthDate", "gender", "nin")

BY_PLAN: dict[str, tuple[str, ...]] = {"basic": _BASIC, "advanced": _ADVANCED}
KNOWN = frozenset((*_ADVANCED, "paymentSourceReferences"))
"""`paymentSourceReferences` (Login Connect) exists, but no plan here has it."""

APP_CONFIRMATION = "urn:vipps:acr:app_auth"
"""The only value of `acr_values` (Vipps MobilePay Login API guide: in-app confirmation)."""


def within_plan(requested: Iterable[str], plan: str) -> list[str]:
    """Return the requested scopes that the plan covers, in the order asked, each once."""
    return [scope for scope in dict.fromkeys(requested) if scope in BY_PLAN[plan]]


def to_share(scopes: Iterable[str]) -> list[str]:
    """Return the scopes that need the person's consent: all but `openid` and the merchant's own screens."""
    return [scope for scope in scopes if scope not in (OPENID, DELEGATED_CONSENTS, CUSTOM_FLOW)]

"""Stores the sales units: seeded at start, changed by the control API, restored by a reset.

At start, a unit is written again only if its configuration changed, so a restarting worker does not undo changes of the
control API. Two fictional units always exist: they show that a browser is remembered for all merchants, and that a
person has a different `sub` at each of them.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .config import MerchantConfig, is_local_url, origin_of
from .consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from .consents.checks import check_consents, check_flow, check_url
from .consents.defaults import DEFAULT_CONSENTS, DEFAULT_FLOW
from .consents.screens import Company
from .models import SalesUnit

OWN_MERCHANTS = (
    MerchantConfig(
        client_id="5b2f1c3e-70c4-4a0f-8a35-6f5c4bb8f001",
        client_secret="fjellkaffe-b29u+bGlnaGV0/hemmelig==",  # noqa: S106 - an invented merchant's
        name="Fjellkaffe",
        redirect_uris=("http://localhost:9301/callback",),
        msn="200001",
    ),
    MerchantConfig(
        client_id="5b2f1c3e-70c4-4a0f-8a35-6f5c4bb8f002",
        client_secret="bokskapet-secret",  # noqa: S106 - an invented merchant's
        name="Bokskapet",
        redirect_uris=("http://localhost:9302/login/done", "bokskapet://login/done"),
        auth_method="client_secret_post",
        plan="advanced",
        msn="200002",
        brand="mobilepay",
    ),
)

_CONSENTS = {
    DELEGATED_CONSENTS: ("delegated_consents", check_consents, DEFAULT_CONSENTS),
    CUSTOM_FLOW: ("custom_flow", check_flow, DEFAULT_FLOW),
}
"""By scope: the field, its check, and the default for a unit that has not configured it."""

_FIELDS = tuple(field.name for field in fields(MerchantConfig))


def seed(session: Session, merchants: tuple[MerchantConfig, ...]) -> None:
    """Add or update the configured merchants."""
    for merchant in (*OWN_MERCHANTS, *merchants):
        unit = session.get(SalesUnit, merchant.client_id)
        if unit is None or unit.configured != merchant.to_json():
            save(session, merchant, as_configured=True)


def reset(session: Session, merchants: tuple[MerchantConfig, ...]) -> None:
    """Restore the original configuration of every configured merchant."""
    for merchant in (*OWN_MERCHANTS, *merchants):
        save(session, merchant, as_configured=True)


def list_merchants(session: Session) -> list[SalesUnit]:
    """Return all sales units by name."""
    return list(session.scalars(select(SalesUnit).order_by(SalesUnit.name, SalesUnit.client_id)))


def save(session: Session, merchant: MerchantConfig, *, as_configured: bool = False) -> SalesUnit:
    """Store all fields of a merchant and return its sales unit."""
    values = merchant.to_json()
    unit = session.get(SalesUnit, merchant.client_id)
    if unit is None:
        unit = SalesUnit(configured=values, **values)
        session.add(unit)
    for name in _FIELDS:
        setattr(unit, name, values[name])
    if as_configured:
        unit.configured = values
    session.flush()
    return unit


def check_webhook(merchant: MerchantConfig, unit: SalesUnit | None) -> None:
    """Raise ValueError for a webhook on an origin that is neither a redirect URI's nor configured at start.

    Otherwise the control API could make the simulator post to any server that it reaches, and tell its status.
    """
    for name in ("webhook_url", "ping_url"):
        url = getattr(merchant, name)
        if url is None or (merchant.any_local_redirect and is_local_url(url)):
            continue
        known = [*merchant.redirect_uris, *filter(None, [unit and unit.configured[name]])]
        if origin_of(url) not in map(origin_of, known):
            raise ValueError(f"{name}: must have the origin of one of the merchant's redirect_uris")


def change_plan(unit: SalesUnit) -> None:
    """Put a sales unit on the other product plan."""
    unit.plan = "basic" if unit.plan == "advanced" else "advanced"


def consents_of(unit: SalesUnit, scope: str) -> dict[str, Any]:
    """Return the configuration of a kind of consents screen; a unit without one gets the default, as version 0."""
    field, _, default = _CONSENTS[scope]
    return getattr(unit, field) or {**default, "version": 0}


def set_up_consents(unit: SalesUnit, scope: str, wanted: Mapping[str, Any], links: Mapping[str, str]) -> None:
    """Save a configuration as the next version; raise ValueError, and change nothing, if it is invalid.

    `links` may have new addresses of the merchant's terms and privacy statement, to which the screens link.
    """
    field, check, _ = _CONSENTS[scope]
    config = {**wanted, "version": consents_of(unit, scope)["version"] + 1}
    check(config)
    for name, url in links.items():
        check_url(name, url)
    for name, url in links.items():
        setattr(unit, name, url)
    setattr(unit, field, config)


def restore_consents(unit: SalesUnit, scope: str) -> None:
    """Restore the unit's original configuration as the next version."""
    field, _, _ = _CONSENTS[scope]
    if unit.configured[field] is None:
        setattr(unit, field, None)
        return
    links = {name: unit.configured[name] for name in ("terms_url", "privacy_url")}
    set_up_consents(unit, scope, unit.configured[field], links)


def as_json(unit: SalesUnit) -> dict[str, Any]:
    """Return all fields of a sales unit."""
    return {name: getattr(unit, name) for name in _FIELDS}


def company(unit: SalesUnit) -> Company:
    """Return the merchant's name and links for the consent texts."""
    return Company(unit.name, unit.terms_url, unit.privacy_url)

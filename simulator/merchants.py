"""The sales units in the database: seeded at start, changed by the control API, put back by a reset.

A unit is written again at start only if it was configured differently before, so that a worker that restarts
does not undo what the control API changed. Two fictional units are always there: they show that a browser is
remembered across merchants and that a person has another `sub` at each of them.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from simulator.config import MerchantConfig
from simulator.consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from simulator.consents.checks import check_consents, check_flow, check_url
from simulator.consents.defaults import DEFAULT_CONSENTS, DEFAULT_FLOW
from simulator.consents.screens import Company
from simulator.models import SalesUnit

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
"""By scope: the field, what is allowed in it, and what a unit begins with that has not set it up."""

_FIELDS = tuple(field.name for field in fields(MerchantConfig))


def seed(session: Session, merchants: tuple[MerchantConfig, ...]) -> None:
    """Add or update the configured merchants."""
    for merchant in (*OWN_MERCHANTS, *merchants):
        unit = session.get(SalesUnit, merchant.client_id)
        if unit is None or unit.configured != merchant.to_json():
            save(session, merchant, as_configured=True)


def reset(session: Session, merchants: tuple[MerchantConfig, ...]) -> None:
    """Put every configured merchant back to what it was started with."""
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


def change_plan(unit: SalesUnit) -> None:
    """Put a sales unit on the other product plan."""
    unit.plan = "basic" if unit.plan == "advanced" else "advanced"


def consents_of(unit: SalesUnit, scope: str) -> dict[str, Any]:
    """Return the configuration of a kind of consents screen; a unit that has none sees what it could begin with."""
    field, _, beginning = _CONSENTS[scope]
    return getattr(unit, field) or {**beginning, "version": 0}


def set_up_consents(unit: SalesUnit, scope: str, wanted: Mapping[str, Any], links: Mapping[str, str]) -> None:
    """Keep a configuration as the next version; raise ValueError, and change nothing, if it is not possible.

    `links` may have new addresses of the merchant's terms and privacy statement, which the screens name.
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
    """Go back to the configuration that the unit was started with, as the next version."""
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
    """Return what consent texts may name."""
    return Company(unit.name, unit.terms_url, unit.privacy_url)

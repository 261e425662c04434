"""The sales units in the database: seeded at start, changed by the control API, put back by a reset.

A unit is written again at start only if it was configured differently before, so that a worker that restarts
does not undo what the control API changed. Two fictional units are always there: they show that a browser is
remembered across merchants and that a person has another `sub` at each of them.
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.simulator.config import Merchant
from app.simulator.consent_screens import Company
from app.simulator.models import SalesUnit

OWN_MERCHANTS = (
    Merchant(
        client_id="5b2f1c3e-70c4-4a0f-8a35-6f5c4bb8f001",
        client_secret="fjellkaffe-b29u+bGlnaGV0/hemmelig==",  # noqa: S106 - an invented merchant's
        name="Fjellkaffe",
        redirect_uris=("http://localhost:9301/callback",),
        msn="200001",
    ),
    Merchant(
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

_FIELDS = tuple(field.name for field in fields(Merchant))


def seed(session: Session, merchants: tuple[Merchant, ...]) -> None:
    """Add or update the configured merchants."""
    for merchant in (*OWN_MERCHANTS, *merchants):
        unit = session.get(SalesUnit, merchant.client_id)
        if unit is None or unit.configured != merchant.to_json():
            save(session, merchant, as_configured=True)


def reset(session: Session, merchants: tuple[Merchant, ...]) -> None:
    """Put every configured merchant back to what it was started with."""
    for merchant in (*OWN_MERCHANTS, *merchants):
        save(session, merchant, as_configured=True)


def everybody(session: Session) -> list[SalesUnit]:
    """Return all sales units by name."""
    return list(session.scalars(select(SalesUnit).order_by(SalesUnit.name, SalesUnit.client_id)))


def save(session: Session, merchant: Merchant, *, as_configured: bool = False) -> SalesUnit:
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


def as_json(unit: SalesUnit) -> dict[str, Any]:
    """Return all fields of a sales unit."""
    return {name: getattr(unit, name) for name in _FIELDS}


def company(unit: SalesUnit) -> Company:
    """Return what consent texts may name."""
    return Company(unit.name, unit.terms_url, unit.privacy_url)

"""The demo's staff account. The demo's login page shows its password, so it is refused everywhere else (ASVS 6.3.2)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import about
from app.customers.passwords import hashing
from app.settings import settings_of_app
from app.staff.models import Staff

DEMO_EMAIL = f"staff@{about.SLUG}.example"
DEMO_PASSWORD = "keys on the third hook"  # noqa: S105 - published on purpose
DEMO_NAME = "Solveig Haug"


def is_closed(staff: Staff) -> bool:
    """Tell whether this is the demo's account outside of the demo; its row may be there from an earlier demo."""
    return staff.email == DEMO_EMAIL and not settings_of_app().in_demo


def load(session: Session) -> None:
    """Add the demo's staff account if it is missing, in the demo only. The caller commits."""
    existing = session.scalar(select(Staff.id).where(Staff.email == DEMO_EMAIL))
    if existing is None and settings_of_app().in_demo:
        session.add(Staff(email=DEMO_EMAIL, name=DEMO_NAME, password_hash=hashing.make_hash(DEMO_PASSWORD)))

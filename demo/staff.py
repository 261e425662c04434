"""The demo's staff account. Its password is shown on the login page of the demo, and opens nothing anywhere else."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import about
from app.customers.passwords import hashing
from app.settings import settings_of_app
from app.staff.models import Staff

DEMO_EMAIL = f"staff@{about.SLUG}.example"
DEMO_PASSWORD = "keys on the third hook"  # noqa: S105 - meant to be read
DEMO_NAME = "Solveig Haug"


def closes(staff: Staff) -> bool:
    """Tell whether this account must not open: the demo's, outside the demo, even if its row is there (ASVS 6.3.2)."""
    return staff.email == DEMO_EMAIL and not settings_of_app().in_demo


def load(session: Session) -> None:
    """Add the demo's staff account if it is missing, in the demo only. The caller commits."""
    there = session.scalar(select(Staff.id).where(Staff.email == DEMO_EMAIL))
    if there is None and settings_of_app().in_demo:
        session.add(Staff(email=DEMO_EMAIL, name=DEMO_NAME, password_hash=hashing.make_hash(DEMO_PASSWORD)))

"""Demo customers with a password, to try the shop without Vipps and to meet an account that is there already."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customers import passwords
from app.customers.models import Customer
from app.database import utcnow

# Published on the demo's login page, so it is worth nothing anywhere else.
DEMO_PASSWORD = "lantern by the lake"  # noqa: S105 - meant to be read

# E-mail, given name, family name, telephone. Kari is known to the simulator with the same address and number.
DEMO_CUSTOMERS = (
    ("kari.nordfjell@example.com", "Kari Sandvik", "Nordfjell", "4790000011"),
    ("ingrid.solheim@example.com", "Ingrid", "Solheim", "4790000201"),
    ("eivind.dahl@example.com", "Eivind", "Dahl", None),
)
DEMO_ACCOUNTS = tuple(email for email, *_rest in DEMO_CUSTOMERS)


def load_demo(session: Session) -> None:
    """Add the demo customers that are missing, and leave those that are there as they are. The caller commits."""
    for email, given_name, family_name, phone_number in DEMO_CUSTOMERS:
        if session.scalar(select(Customer.id).where(Customer.email == email)) is None:
            session.add(_customer(email, given_name, family_name, phone_number))


def _customer(email: str, given_name: str, family_name: str, phone_number: str | None) -> Customer:
    now = utcnow()
    return Customer(
        email=email,
        email_verified_at=now,
        phone_number=phone_number,
        phone_verified_at=now if phone_number else None,
        name=f"{given_name} {family_name}",
        given_name=given_name,
        family_name=family_name,
        password_hash=passwords.make_hash(DEMO_PASSWORD),
    )

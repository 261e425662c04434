"""The sample customers: for each outcome of a Vipps login, an account that leads to it.

Each row belongs to a test person of the simulator. The same email address or phone number makes them match; values
that are missing or different decide the outcome (the table in `app.vipps.matching`). All accounts have one published
password, which is refused outside of the demo (`app.customers.passwords.hashing.refuse_published`).
"""

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.customers.models import Customer, VippsLink
from app.customers.passwords import hashing
from app.customers.privacy.erasure import erase
from app.database import utcnow
from app.settings import settings_of_app
from app.vipps.config import ISSUER_PATH

# The demo's login page shows it. Use it for nothing else.
PASSWORD = "lantern by the lake"  # noqa: S105 - published on purpose


@dataclass(frozen=True, kw_only=True)
class SampleCustomer:
    """One account. Its phone number counts as verified; `name` is set if it is not given name and family name.

    `confirmed` tells whether the email address was confirmed, and `other_vipps_user` whether the account is linked to a
    Vipps user that the simulator does not have.
    """

    email: str
    given_name: str
    family_name: str
    name: str = ""
    phone: str | None = None
    confirmed: bool = True
    blocked: bool = False
    other_vipps_user: bool = False


CUSTOMERS = (
    # Email address, phone number and name are the test person's.
    SampleCustomer(
        email="kari.nordfjell@example.com", given_name="Kari Sandvik", family_name="Nordfjell", phone="4790000011"
    ),
    SampleCustomer(email="sindre.vik@example.com", given_name="Sindre", family_name="Vik", phone="4790000016"),
    # The same, but her name has other letters, another order and a middle name.
    SampleCustomer(
        email="paivi.makela@example.com",
        given_name="Paivi Maria",
        family_name="Makela-Hamalainen",
        name="Makela-Hamalainen, Paivi Maria",
        phone="358450000012",
    ),
    # Only the phone number is the same.
    SampleCustomer(email="ola.at.the.cabin@example.com", given_name="Ola", family_name="Tangen", phone="4790000012"),
    # Only the email address is the same.
    SampleCustomer(email="malik.kleist@example.com", given_name="Malik", family_name="Kleist", phone="299550113"),
    # Another person registered her email address and never confirmed it.
    SampleCustomer(email="anne.marja@example.com", given_name="Some", family_name="Body", confirmed=False),
    # His email address, with another person's name.
    SampleCustomer(email="soren.nygard@example.com", given_name="Mette", family_name="Holm"),
    # Two accounts of one person: one has his email address, the other his phone number.
    SampleCustomer(email="torbjorn@example.com", given_name="Torbjørn", family_name="Åsgård"),
    SampleCustomer(
        email="torbjorn.at.work@example.com", given_name="Torbjørn", family_name="Åsgård", phone="4790000013"
    ),
    # Linked to another Vipps user, who is none of the test persons.
    SampleCustomer(email="asa.bjorklov@example.com", given_name="Åsa", family_name="Björklöv", other_vipps_user=True),
    # Vipps has not verified that the email address is his.
    SampleCustomer(email="jonas.moen@example.com", given_name="Jonas", family_name="Moen"),
    SampleCustomer(
        email="halvor.strand@example.com", given_name="Halvor", family_name="Strand", phone="4790000020", blocked=True
    ),
    # No test person: to log in with the password, and to link a Vipps user from the account page.
    SampleCustomer(email="ingrid.solheim@example.com", given_name="Ingrid", family_name="Solheim", phone="4790000201"),
    SampleCustomer(email="eivind.dahl@example.com", given_name="Eivind", family_name="Dahl"),
)


def load(session: Session) -> None:
    """Add the sample customers that are missing, in the demo only; existing ones stay. The caller commits."""
    if not settings_of_app().in_demo:
        return
    existing = set(session.scalars(select(Customer.email).where(Customer.email.in_(row.email for row in CUSTOMERS))))
    missing = [row for row in CUSTOMERS if row.email not in existing]
    if missing:
        password_hash = hashing.make_hash(PASSWORD)
        session.add_all([_customer(row, password_hash) for row in missing])


def start_over(session: Session) -> None:
    """Delete the sample customers and all accounts linked to Vipps; add the samples again. The caller commits."""
    is_sample = Customer.email.in_(row.email for row in CUSTOMERS)
    for customer in session.scalars(select(Customer).where(or_(is_sample, Customer.vipps_links.any()))).all():
        erase(customer)
    load(session)


def _customer(row: SampleCustomer, password_hash: str) -> Customer:
    now = utcnow()
    return Customer(
        email=row.email,
        email_verified_at=now if row.confirmed else None,
        phone_number=row.phone,
        phone_verified_at=now if row.phone else None,
        name=row.name or f"{row.given_name} {row.family_name}",
        given_name=row.given_name,
        family_name=row.family_name,
        password_hash=password_hash,
        blocked_at=now if row.blocked else None,
        vipps_links=[_other_vipps_user()] if row.other_vipps_user else [],
    )


def _other_vipps_user() -> VippsLink:
    settings = settings_of_app()
    return VippsLink(
        issuer=settings.provider_url + ISSUER_PATH,
        client_id=settings.client_id,
        subject="a-vipps-user-whom-the-simulator-does-not-know",
    )

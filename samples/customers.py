"""The demo's customers: for each way that a Vipps login can go, an account that makes it go that way.

The rows are read beside the simulator's test persons: the same e-mail address or telephone number makes a row match a
person, and what is missing or different decides the rest (the table in `app.vipps.matching`). The stories that the
login page tells about them are in `demo.scenarios`. Every account has the one published password.
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

# Published on the demo's login page, so it is worth nothing anywhere else.
PASSWORD = "lantern by the lake"  # noqa: S105 - meant to be read


@dataclass(frozen=True, kw_only=True)
class SampleCustomer:
    """An account of the demo. Its telephone number counts as verified; `name` is set if it is written unusually.

    `confirmed` says whether the e-mail address ever was, and `other_vipps_user` whether a Vipps user who is none of
    the test persons opens it.
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
    # E-mail address, number and name are those of the test person.
    SampleCustomer(
        email="kari.nordfjell@example.com", given_name="Kari Sandvik", family_name="Nordfjell", phone="4790000011"
    ),
    SampleCustomer(email="sindre.vik@example.com", given_name="Sindre", family_name="Vik", phone="4790000016"),
    # So are hers, but the name is written as on another keyboard, in another order, with a middle name.
    SampleCustomer(
        email="paivi.makela@example.com",
        given_name="Paivi Maria",
        family_name="Makela-Hamalainen",
        name="Makela-Hamalainen, Paivi Maria",
        phone="358450000012",
    ),
    # Only the number is the same.
    SampleCustomer(email="ola.at.the.cabin@example.com", given_name="Ola", family_name="Tangen", phone="4790000012"),
    # Only the e-mail address is the same.
    SampleCustomer(email="malik.kleist@example.com", given_name="Malik", family_name="Kleist", phone="299550113"),
    # Somebody registered her address and never confirmed it.
    SampleCustomer(email="anne.marja@example.com", given_name="Some", family_name="Body", confirmed=False),
    # His address, in somebody else's name.
    SampleCustomer(email="soren.nygard@example.com", given_name="Mette", family_name="Holm"),
    # Two accounts of one person: one knows his address, the other his number.
    SampleCustomer(email="torbjorn@example.com", given_name="Torbjørn", family_name="Åsgård"),
    SampleCustomer(
        email="torbjorn.at.work@example.com", given_name="Torbjørn", family_name="Åsgård", phone="4790000013"
    ),
    # Connected already, to a Vipps user whom nobody here can be.
    SampleCustomer(email="asa.bjorklov@example.com", given_name="Åsa", family_name="Björklöv", other_vipps_user=True),
    # Vipps has not verified that the address is his.
    SampleCustomer(email="jonas.moen@example.com", given_name="Jonas", family_name="Moen"),
    SampleCustomer(
        email="halvor.strand@example.com",
        given_name="Halvor",
        family_name="Strand",
        phone="4790000020",
        blocked=True,
    ),
    # Nobody at Vipps: to log in by password, and to connect somebody from their own page.
    SampleCustomer(email="ingrid.solheim@example.com", given_name="Ingrid", family_name="Solheim", phone="4790000201"),
    SampleCustomer(email="eivind.dahl@example.com", given_name="Eivind", family_name="Dahl"),
)


def load(session: Session) -> None:
    """Add the demo customers that are missing, and leave those that are there as they are. The caller commits."""
    there = set(session.scalars(select(Customer.email).where(Customer.email.in_(row.email for row in CUSTOMERS))))
    missing = [row for row in CUSTOMERS if row.email not in there]
    if missing:
        password_hash = hashing.make_hash(PASSWORD)
        session.add_all([_customer(row, password_hash) for row in missing])


def start_over(session: Session) -> None:
    """Delete the demo's customers and whoever the simulator's persons became; add them anew. The caller commits."""
    demos = Customer.email.in_(row.email for row in CUSTOMERS)
    for customer in session.scalars(select(Customer).where(or_(demos, Customer.vipps_links.any()))).all():
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

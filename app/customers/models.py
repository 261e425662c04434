"""The customer's tables: the account, its ways in (password, Vipps), its sessions and its proofs.

What Vipps said last (`VippsProfile`) is kept apart from what the customer keeps in the shop (`Customer`):
a later login refreshes the former and never silently overwrites the latter. A person is found by
`(issuer, client_id, subject)` and by nothing else, because a subject belongs to one sales unit (Vipps Login
API guide: core concepts, "sub") while phone numbers and e-mail addresses change hands.
Secrets that a browser or a mail carries are stored as SHA-256 hashes only.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, UtcDateTime, utcnow


class Customer(Base):
    """An account of the shop. `email` is the address to log in with: unique, lower case, absent if unknown."""

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    phone_number: Mapped[str | None] = mapped_column(String(15), index=True)
    phone_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name: Mapped[str] = mapped_column(String(200), default="")
    given_name: Mapped[str] = mapped_column(String(200), default="")
    family_name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(5), default="en")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    vipps_links: Mapped[list["VippsLink"]] = relationship(back_populates="customer", cascade="all, delete-orphan")


class VippsLink(Base):
    """A Vipps subject that opens this account: one subject, one customer; one customer, one subject."""

    __tablename__ = "vipps_link"
    __table_args__ = (
        UniqueConstraint("issuer", "client_id", "subject"),
        UniqueConstraint("customer_id", "issuer", "client_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    client_id: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    customer: Mapped[Customer] = relationship(back_populates="vipps_links")
    profile: Mapped["VippsProfile | None"] = relationship(
        back_populates="link", cascade="all, delete-orphan", uselist=False
    )


class VippsProfile(Base):
    """What Vipps said at the latest login, and when.

    `addresses` is a list of objects with `type`, `street`, `postal_code`, `region`, `country`; the first is
    the person's default. An address of empty strings is no address and is not in the list.
    """

    __tablename__ = "vipps_profile"

    link_id: Mapped[int] = mapped_column(ForeignKey("vipps_link.id", ondelete="CASCADE"), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    name: Mapped[str | None] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    family_name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    email_verified: Mapped[bool] = mapped_column(default=False)
    phone_number: Mapped[str | None] = mapped_column(String(15))
    birthdate: Mapped[date | None]
    addresses: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)

    link: Mapped[VippsLink] = relationship(back_populates="profile")


class CustomerSession(Base):
    """A browser that is logged in. The browser holds a random token; this row holds its hash.

    A session can therefore be ended here, by the customer or by the shop, and a copied cookie dies with it.
    """

    __tablename__ = "customer_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    method: Mapped[str] = mapped_column(String(20))
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str | None] = mapped_column(String(40))

    customer: Mapped[Customer] = relationship()


class MailedProof(Base):
    """A single-use link that was mailed to prove an address: to confirm it, or to set a new password."""

    __tablename__ = "mailed_proof"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    customer: Mapped[Customer] = relationship()


class LoginEvent(Base):
    """Who logged in, when and how; for Vipps also what was decided and the facts that led there."""

    __tablename__ = "login_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    method: Mapped[str] = mapped_column(String(20))
    decision: Mapped[str | None] = mapped_column(String(40))
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    reference: Mapped[str] = mapped_column(String(40))


class ConsentRecord(Base):
    """One answer to one consent question, exactly as it was put and given; rows are only ever added.

    An answer that is absent from a later login is neither a yes nor a no, so nothing is changed by it
    (Vipps Login API guide: collecting consents; GDPR article 7(1)).
    """

    __tablename__ = "consent_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    consent_id: Mapped[str] = mapped_column(String(100))
    granted: Mapped[bool]
    required: Mapped[bool]
    text: Mapped[str] = mapped_column(String(2000))
    language: Mapped[str] = mapped_column(String(10))
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    source: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)

"""The customer's tables: the account, its login methods (password, Vipps), its sessions, its proofs and its history.

The latest profile from Vipps (`VippsProfile`) is kept apart from the customer's own values (`Customer`). A Vipps user
is found only by `(issuer, client_id, subject)`: a subject belongs to one sales unit (Vipps Login API guide: core
concepts, "sub"), while phone numbers and email addresses change hands. Secrets that a browser or an email carries are
stored as SHA-256 hashes only.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.database import Base, UtcDateTime, utcnow
from app.settings import settings_of_app
from app.vipps.values import normal_email

# For tables whose row ids are used outside the database: in the log, in an email's link, in an attempt's outcome.
# Otherwise SQLite could reuse the id of a deleted row, which PostgreSQL never does.
NUMBERS_ONCE = {"sqlite_autoincrement": True}


class LoginMethod(StrEnum):
    """How a customer logged in or proved who they are."""

    VIPPS = "vipps"
    PASSWORD = "password"  # noqa: S105 - the name of a method
    MAIL = "mail"


class EndReason(StrEnum):
    """Why a session ended."""

    REPLACED = "replaced"
    LOGGED_OUT = "logged_out"
    ENDED_BY_CUSTOMER = "ended_by_customer"
    EMAIL_CHANGED = "email_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a reason
    VIPPS_CONNECTED = "vipps_connected"
    VIPPS_DISCONNECTED = "vipps_disconnected"
    SHARING_REVOKED = "sharing_revoked"
    BLOCKED = "blocked"
    DELETED = "deleted"


class Kind(StrEnum):
    """The kinds of events in the activity log of an account."""

    LOGGED_IN = "logged_in"
    LOGIN_HELD = "login_held"
    LOGIN_REFUSED = "login_refused"
    CONFIRMED = "confirmed"
    ENROLLED = "enrolled"
    CONNECTED_HERE = "connected_here"
    VIPPS_CONNECTED = "vipps_connected"
    VIPPS_DISCONNECTED = "vipps_disconnected"
    SUPPORT_DISCONNECTED = "support_disconnected"
    SUPPORT_CONNECTED = "support_connected"
    SUPPORT_MOVED = "support_moved"
    ADDRESS_CONFIRMED = "address_confirmed"
    TAKEN_OVER = "taken_over"
    PASSWORD_SET = "password_set"  # noqa: S105 - the name of an event
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    PROFILE_CHANGED = "profile_changed"
    REFRESH_POLICY_CHANGED = "refresh_policy_changed"
    SHARING_REVOKED = "sharing_revoked"
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    DATA_EXPORTED = "data_exported"
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


class TokenPurpose(StrEnum):
    """What an emailed link may be used for."""

    CONFIRM = "confirm_address"
    RESET = "reset_password"
    CONNECT = "connect_vipps"
    CHANGE_EMAIL = "change_email"


class Customer(Base):
    """An account of the shop. `email` is the address to log in with: unique, lower case, absent if unknown.

    `address` is the customer's own delivery address: an object with `street`, `postal_code`, `region`, `country`.
    `refresh_policy` says what a change at Vipps does to the customer's own values: `update`, `ask` or `keep`. A blocked
    customer cannot log in. `consents_asked_at` is the time when the shop itself asked for consents.
    """

    __tablename__ = "customer"
    # Only one customer can have a number as verified: two would get each other's messages (GDPR, article 5(1)(d)).
    __table_args__ = (
        Index(
            "uq_customer_verified_phone_number",
            "phone_number",
            unique=True,
            sqlite_where=text("phone_verified_at IS NOT NULL"),
            postgresql_where=text("phone_verified_at IS NOT NULL"),
        ),
        NUMBERS_ONCE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    phone_number: Mapped[str | None] = mapped_column(String(15), index=True)
    phone_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name: Mapped[str] = mapped_column(String(200), default="")
    given_name: Mapped[str] = mapped_column(String(200), default="")
    family_name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    refresh_policy: Mapped[str] = mapped_column(String(10), default="ask")
    locale: Mapped[str] = mapped_column(String(5), default="en")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    blocked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consents_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def has_password(self) -> bool:
        """Tell whether the customer can log in with a password: one is set, and the shop allows passwords."""
        return self.password_hash is not None and settings_of_app().passwords

    vipps_links: Mapped[list["VippsLink"]] = relationship(back_populates="customer", cascade="all, delete-orphan")

    def mark_email_verified(self) -> None:
        """Record that the customer has proved the address; the first proof counts."""
        self.email_verified_at = self.email_verified_at or utcnow()

    def set_verified_email(self, email: str) -> None:
        """Replace the address by one that the customer, or Vipps, has just proved."""
        self.email, self.email_verified_at = email, utcnow()

    @validates("email")
    def _is_in_its_normal_form(self, key: str, email: str | None) -> str | None:
        """Refuse an address that would make a second account, differing from another only in case."""
        if email != normal_email(email):
            raise ValueError("an email address that is not in its normal form")
        return email


class NameWord(Base):
    """A word of a customer's name in lower case, for the back office's search; triggers write it (migration 0007)."""

    __tablename__ = "customer_name_word"

    # PostgreSQL sorts by code point here, like SQLite, so that both can search a prefix as a range.
    word: Mapped[str] = mapped_column(String(200).with_variant(String(200, "C"), "postgresql"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class VippsLink(Base):
    """The link between a Vipps subject and an account: a subject has one customer, and a customer one subject.

    `shared_at` is the time of the latest login, `sharing_revoked_at` that of the revocation, both by Vipps' clock.
    """

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
    shared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sharing_revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    customer: Mapped[Customer] = relationship(back_populates="vipps_links")
    profile: Mapped["VippsProfile | None"] = relationship(
        back_populates="link", cascade="all, delete-orphan", uselist=False
    )


class VippsProfile(Base):
    """The profile from Vipps at the latest login, and the time of that login.

    `addresses` is a list of objects with `type`, `street`, `postal_code`, `region`, `country`; the first is
    the person's default. An address of empty strings is left out.
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


# The columns that a login sets.
PROFILE_COLUMNS = tuple(
    column.name for column in VippsProfile.__table__.columns if column.name not in ("link_id", "received_at")
)


class CustomerSession(Base):
    """A browser that is logged in. The browser holds a random token; this row holds its hash.

    `confirmed_at` is when this browser's user last proved to be the customer: by the password, by an emailed link or
    in the Vipps app. A login in a browser that Vipps remembers does not prove it.
    """

    __tablename__ = "customer_session"
    __table_args__ = NUMBERS_ONCE

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
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    customer: Mapped[Customer] = relationship()


class EmailToken(Base):
    """A single-use link that was emailed to prove an address. Purpose `connect` completes a `PendingLink`."""

    __tablename__ = "mailed_proof"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    pending_link_id: Mapped[int | None] = mapped_column(ForeignKey("pending_link.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    customer: Mapped[Customer] = relationship()


class PendingLink(Base):
    """A Vipps login that is pending until the person has proved that the matching account is theirs.

    `browser_hash` is the hash of a cookie of the browser that logged in. `claims` is the userinfo response as received.
    `ways` names the possible proofs of ownership.
    """

    __tablename__ = "pending_link"
    __table_args__ = NUMBERS_ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    browser_hash: Mapped[str] = mapped_column(String(64), unique=True)
    issuer: Mapped[str] = mapped_column(String(255))
    client_id: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    claims: Mapped[dict[str, Any]] = mapped_column(JSON)
    purpose: Mapped[str] = mapped_column(String(20), default="log_in")
    ways: Mapped[list[str]] = mapped_column(JSON)
    reasons: Mapped[list[str]] = mapped_column(JSON)
    next_path: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    customer: Mapped[Customer] = relationship()


class Activity(Base):
    """A security-relevant event of an account. A Vipps login has its decision and the reasons.

    `customer_id` is None for a refused login without an account. `reference` is the request's reference number, as on
    pages and in the log.
    """

    __tablename__ = "activity"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    kind: Mapped[str] = mapped_column(String(40))
    method: Mapped[str | None] = mapped_column(String(20))
    decision: Mapped[str | None] = mapped_column(String(40))
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    reference: Mapped[str] = mapped_column(String(40), index=True)


class ProfileChange(Base):
    """A change of a profile value, at Vipps or by the customer. Rows are kept as long as the account.

    `field` is `name`, `email`, `phone_number`, `address` or `addresses`; `before` and `after` are its values (None,
    text, or addresses as objects). `source` is `vipps` or `customer`. `state` says what the change did to the
    customer's own value: `applied`, `proposed` (the customer is asked), `accepted`, `declined`, `noted` (nothing) or
    `held_elsewhere` (another account has the address).
    """

    __tablename__ = "profile_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    field: Mapped[str] = mapped_column(String(20))
    before: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    after: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    source: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConsentRecord(Base):
    """One answer to one consent question, with the exact words of the question.

    The database's triggers (migration 0003) refuse every change and every deletion of a row, with one exception. When
    the customer is erased, the row loses `customer_id`, `subject` and `evidence`, and gets a pseudonym and a date until
    which it is kept; after that date it can be deleted (GDPR, articles 5(2), 7(1) and 17(3)(e)).

    `text`, `heading`, `description` and `links` (objects with `title` and `url`) are what the person saw, in
    `language`. `given_at` is the time that Vipps reports, `received_at` the shop's own time; `effective_at` decides
    which answer is the latest. `source` is `vipps_login`, `my_page`, `unsubscribe` or `staff`. `evidence` is the object
    as received, and `object_hash` the SHA-256 of its canonical JSON: an object delivered twice is recorded once.
    """

    __tablename__ = "consent_record"
    __table_args__ = (UniqueConstraint("customer_id", "object_hash", "consent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    subject: Mapped[str | None] = mapped_column(String(255))
    consent_id: Mapped[str] = mapped_column(String(100), index=True)
    granted: Mapped[bool]
    required: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(String(2000))
    heading: Mapped[str] = mapped_column(String(500), default="")
    description: Mapped[str] = mapped_column(String(4000), default="")
    language: Mapped[str] = mapped_column(String(10))
    links: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    effective_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    source: Mapped[str] = mapped_column(String(20))
    object_hash: Mapped[str] = mapped_column(String(64))
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    pseudonym: Mapped[str | None] = mapped_column(String(64), index=True)
    keep_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    @property
    def is_revocable(self) -> bool:
        """Tell whether this is a yes that can be withdrawn: one that was not required."""
        return self.granted and not self.required


class WebhookDelivery(Base):
    """An event that Vipps, or an attacker who knows the secret address, delivered; a repeated body is only counted.

    `outcome` is the result, or the name of the event's mistake. `event_at` is the event's own time. Only a hash of the
    subject is stored, and nothing from a malformed body.
    """

    __tablename__ = "webhook_delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
    latest_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    times: Mapped[int] = mapped_column(default=1)
    body_hash: Mapped[str] = mapped_column(String(64), unique=True)
    outcome: Mapped[str] = mapped_column(String(40))
    event_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    subject_hash: Mapped[str | None] = mapped_column(String(64))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"), index=True)
    reference: Mapped[str] = mapped_column(String(40))

"""The tables: keys, merchants, persons, logins, access tokens, consents, remembered browsers, revocation events and
calls.

A login is one row from the authorization request to the token response. Codes and access tokens are stored as hashes,
so a copy of the database reveals no valid one; its persons are fictional anyway.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .clock import utcnow
from .database import Base, UtcDateTime


class SigningKey(Base):
    """An RSA key. The newest signs; the replaced ones stay published for `key_grace` seconds."""

    __tablename__ = "sim_signing_key"

    kid: Mapped[str] = mapped_column(String(60), primary_key=True)
    private_pem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Clock(Base):
    """The simulator's time, if it is not the real one: fixed at `stopped_at`, or ahead by `ahead` seconds. One row."""

    __tablename__ = "sim_clock"

    id: Mapped[int] = mapped_column(primary_key=True)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ahead: Mapped[float] = mapped_column(default=0)


class SalesUnit(Base):
    """A merchant's sales unit as configured now; `configured` is its original configuration."""

    __tablename__ = "sim_sales_unit"

    client_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    configured: Mapped[dict[str, Any]] = mapped_column(JSON)
    client_secret: Mapped[str]
    name: Mapped[str]
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    any_local_redirect: Mapped[bool]
    auth_method: Mapped[str]
    plan: Mapped[str]
    msn: Mapped[str]
    brand: Mapped[str]
    webhook_url: Mapped[str | None]
    ping_url: Mapped[str | None]
    ping_secret: Mapped[str]
    account_url: Mapped[str | None]
    terms_url: Mapped[str]
    privacy_url: Mapped[str]
    delegated_consents: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    custom_flow: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    person_groups: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class Person(Base):
    """A test person: `profile` is the data that the provider has; `generation` grows when it is recreated."""

    __tablename__ = "sim_person"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int]
    profile: Mapped[dict[str, Any]] = mapped_column(JSON)
    generation: Mapped[int] = mapped_column(default=1)
    faults: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Login(Base):
    """One authorization request and the state of its login."""

    __tablename__ = "sim_login"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(SalesUnit.client_id, ondelete="CASCADE"))
    browser_hash: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    redirect_uri: Mapped[str]
    requested_scope: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str]
    nonce: Mapped[str] = mapped_column(default="")
    code_challenge: Mapped[str] = mapped_column(default="")
    code_challenge_method: Mapped[str] = mapped_column(default="")
    brand: Mapped[str]
    app_confirmation: Mapped[bool] = mapped_column(default=False)
    sid: Mapped[str] = mapped_column(String(36))
    faults: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    hinted_key: Mapped[str | None] = mapped_column(String(40))

    person_key: Mapped[str | None] = mapped_column(ForeignKey(Person.key, ondelete="CASCADE"))
    remember: Mapped[bool] = mapped_column(default=False)
    challenge: Mapped[list[str]] = mapped_column(JSON, default=list)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consented: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    flow_progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_location: Mapped[str | None]
    stops_at_door: Mapped[bool] = mapped_column(default=False)
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BackchannelRequest(Base):
    """A login that a merchant started by phone number; its `Login` has the other values."""

    __tablename__ = "sim_backchannel_request"

    auth_req_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    login_id: Mapped[str] = mapped_column(ForeignKey(Login.id, ondelete="CASCADE"), unique=True)
    binding_message: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    interval: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(Base):
    """An access token, valid for userinfo only."""

    __tablename__ = "sim_access_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login_id: Mapped[str] = mapped_column(ForeignKey(Login.id, ondelete="CASCADE"), index=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Grant(Base):
    """What a person shares with a company: one row per person and sales unit."""

    __tablename__ = "sim_grant"

    person_key: Mapped[str] = mapped_column(ForeignKey(Person.key, ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(SalesUnit.client_id, ondelete="CASCADE"), primary_key=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsentAnswer(Base):
    """A person's answer to one version of a merchant's consent screens."""

    __tablename__ = "sim_consent_answer"

    person_key: Mapped[str] = mapped_column(ForeignKey(Person.key, ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(SalesUnit.client_id, ondelete="CASCADE"), primary_key=True)
    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)


class RememberedBrowser(Base):
    """A browser in which a person ticked “Remember me”: it applies to all merchants."""

    __tablename__ = "sim_remembered_browser"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_key: Mapped[str] = mapped_column(ForeignKey(Person.key, ondelete="CASCADE"))
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Delivery(Base):
    """A revocation event for a company: its body, and the result of sending it."""

    __tablename__ = "sim_delivery"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_key: Mapped[str] = mapped_column(ForeignKey(Person.key, ondelete="CASCADE"), index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey(SalesUnit.client_id, ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]


class EndpointFault(Base):
    """A fault of the discovery document or the key set (`faults.ENDPOINT_KINDS`)."""

    __tablename__ = "sim_endpoint_fault"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    fault: Mapped[dict[str, Any]] = mapped_column(JSON)


class ProviderCall(Base):
    """One call of a merchant or browser to a protocol endpoint, without its secrets."""

    __tablename__ = "sim_provider_call"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    endpoint: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[int]
    error: Mapped[str | None] = mapped_column(String(80))

"""Store a Vipps login until the person has proved that the matching account is theirs.

The browser that logged in has the key to the row in a cookie that survives closing the browser, so that the person can
read their email first. The proof must come from the same browser: otherwise an owner who presses a button in an email
would let an attacker's Vipps user in. In another browser the emailed link asks to log in with the same Vipps user there
(`LoginPurpose.PROVE`).
"""

from datetime import timedelta

from sqlalchemy import Select, delete, select

from app.customers import lookup
from app.customers.lookup import Identity
from app.customers.models import PendingLink
from app.database import db, utcnow
from app.security import read_cookie
from app.settings import settings_of_app
from app.tokens import new_token, secret_hash
from app.vipps.claims import UserInfo, parse
from app.vipps.matching import Decision
from app.vipps.purposes import LoginPurpose
from app.vipps.routes import Login
from app.vipps.sanitize import json_snapshot

PENDING_COOKIE = "pending-link"
LIFETIME = timedelta(hours=1)


def store(login: Login, decision: Decision) -> tuple[PendingLink, str]:
    """Store a login until its proof; return the row and the key for the browser's cookie. The caller commits."""
    db.session.execute(delete(PendingLink).where(PendingLink.expires_at < utcnow()))
    pending = PendingLink(
        customer_id=decision.account_id,
        issuer=login.issuer,
        client_id=login.client_id,
        subject=login.id_token.subject,
        purpose=login.attempt.purpose,
        claims=json_snapshot(dict(login.claims)) or {"sub": login.id_token.subject},
        ways=list(decision.ways),
        reasons=list(decision.reasons),
        next_path=login.attempt.next_path,
        expires_at=utcnow() + LIFETIME,
    )
    token = renew_key(pending)
    db.session.add(pending)
    db.session.flush()
    return pending, token


def renew_key(pending: PendingLink) -> str:
    """Replace the browser's key: the browser may not have received the first cookie. Return the key to put into one."""
    pending.browser_hash = secret_hash(token := new_token())
    return token


def of_browser() -> PendingLink | None:
    """Return this browser's pending link, found by the key in its cookie."""
    token = read_cookie(PENDING_COOKIE)
    return db.session.scalar(_valid().where(PendingLink.browser_hash == secret_hash(token))) if token else None


def by_id(pending_id: int) -> PendingLink | None:
    """Return the pending link with this id, unless it has expired."""
    return db.session.scalar(_valid().where(PendingLink.id == pending_id))


def _valid() -> Select[PendingLink]:
    return select(PendingLink).where(PendingLink.expires_at >= utcnow())


def may_create_account(pending: PendingLink) -> bool:
    """Tell whether the person may create a new account instead of proving that the matching account is theirs."""
    return pending.purpose != LoginPurpose.MEMBERS and settings_of_app().vipps_new_customers == "create"


def identity_of(pending: PendingLink) -> Identity:
    """Return the Vipps user of a pending link."""
    return Identity(pending.issuer, pending.client_id, pending.subject)


def userinfo_of(pending: PendingLink) -> UserInfo:
    """Return the person's claims from Vipps, as typed values."""
    return parse(pending.claims)


def lock(pending_id: int) -> PendingLink | None:
    """Lock first the customer and then the pending link, for the last step: only one of two requests gets the link."""
    seen = by_id(pending_id)
    if seen is None or lookup.lock_customer(seen.customer_id) is None:
        return None
    locked = _valid().where(PendingLink.id == pending_id).with_for_update()
    return db.session.scalar(locked.execution_options(populate_existing=True))


def delete_pending(pending: PendingLink) -> None:
    """Delete the row. The caller commits."""
    db.session.execute(delete(PendingLink).where(PendingLink.id == pending.id))

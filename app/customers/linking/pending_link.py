"""A Vipps login that waits for proof that the account it matches is the person's own.

What came from Vipps waits in a row, and the browser that logged in holds its key in a cookie that outlives the window,
so that the person may read their mail first. The row is deleted when it has led to something, and after an hour.

The proof must come from the same browser, because otherwise an owner who presses a button in a mail would let a
stranger's Vipps user in: opened in another browser, the mailed link asks to log in with the same Vipps user there
(`Purpose.PROVE`).
"""

from datetime import timedelta

from sqlalchemy import delete, select

from app.customers import lookup
from app.customers.lookup import Identity
from app.customers.models import PendingLink
from app.database import db, utcnow
from app.settings import settings_of_app
from app.tokens import new_token, secret_hash
from app.vipps.claims import UserInfo, parse
from app.vipps.json_snapshot import storable
from app.vipps.matching import Decision
from app.vipps.purposes import Purpose
from app.vipps.routes import Login

PENDING_COOKIE = "pending-link"
LIFETIME = timedelta(hours=1)


def store(login: Login, decision: Decision) -> tuple[PendingLink, str]:
    """Keep a login until its proof comes; return it and the key for the browser's cookie. The caller commits."""
    token = new_token()
    db.session.execute(delete(PendingLink).where(PendingLink.expires_at < utcnow()))
    pending = PendingLink(
        customer_id=decision.account_id,
        browser_hash=secret_hash(token),
        issuer=login.issuer,
        client_id=login.client_id,
        subject=login.id_token.subject,
        purpose=login.attempt.purpose,
        claims=storable(dict(login.claims)) or {"sub": login.id_token.subject},
        ways=list(decision.ways),
        reasons=list(decision.reasons),
        next_path=login.attempt.next_path,
        expires_at=utcnow() + LIFETIME,
    )
    db.session.add(pending)
    db.session.flush()
    return pending, token


def renew_key(waiting: PendingLink) -> str:
    """Give what waits a new key, for a browser that may have missed the first."""
    token = new_token()
    waiting.browser_hash = secret_hash(token)
    return token


def of_browser(token: str) -> PendingLink | None:
    """Return what waits in the browser that holds this key."""
    if not token:
        return None
    waiting = select(PendingLink).where(
        PendingLink.browser_hash == secret_hash(token), PendingLink.expires_at >= utcnow()
    )
    return db.session.scalar(waiting)


def by_id(pending_id: int) -> PendingLink | None:
    """Return what waits under this number."""
    waiting = select(PendingLink).where(PendingLink.id == pending_id, PendingLink.expires_at >= utcnow())
    return db.session.scalar(waiting)


def may_create_account(pending: PendingLink) -> bool:
    """Tell whether who waits may get an account of their own: not where logging in makes none."""
    return pending.purpose != Purpose.MEMBERS and settings_of_app().vipps_new_customers == "create"


def identity_of(pending: PendingLink) -> Identity:
    """Return the Vipps user who waits."""
    return Identity(pending.issuer, pending.client_id, pending.subject)


def userinfo_of(pending: PendingLink) -> UserInfo:
    """Return what Vipps said about who waits."""
    return parse(pending.claims)


def lock(pending_id: int) -> PendingLink | None:
    """Return what waits under this number, for its last step; of two at the same moment one gets it.

    Its customer is held first, as everywhere, so that two of their browsers never wait for each other. The row stays
    until `drop`, so that a step that is refused leaves it where it was.
    """
    seen = by_id(pending_id)
    if seen is None or lookup.lock_customer(seen.customer_id) is None:
        return None
    waiting = select(PendingLink).where(PendingLink.id == pending_id, PendingLink.expires_at >= utcnow())
    return db.session.scalar(waiting.with_for_update().execution_options(populate_existing=True))


def delete_pending(pending: PendingLink) -> None:
    """Forget it. The caller commits."""
    db.session.execute(delete(PendingLink).where(PendingLink.id == pending.id))

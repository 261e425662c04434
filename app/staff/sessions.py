"""The staff's session in this browser: the browser has a random token, the row its hash.

The cookie is separate from the customers' cookie, and is `SameSite=Strict`. The customers' cookie is Lax because they
come back from Vipps; staff never come to the back office from another site. Every page here writes to the audit log, so
a link on another site must not open a page in a logged-in browser (ASVS 3.3.2). The cookie's path is `/`, because a
`__Host-` cookie allows no other path.

Staff sessions expire sooner than customers' sessions: after half an hour without a page, and after a working day (ASVS
7.3.1, 7.3.2). The code is separate: a mistake in a shared condition must not open the back office to a customer. The
caller commits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select, update

from app.customers.user_agent import user_agent_of_request
from app.database import begin_write, db, utcnow
from app.security import clear_cookie, read_cookie, set_cookie
from app.staff.models import Staff, StaffSession
from app.strict_requests import request_target
from app.tokens import new_token, secret_hash

STAFF_COOKIE = "staff"
# The only two endpoints of the back office that need no login.
OPEN = frozenset({"staff.login.page", "staff.login.enter"})
IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=8)
# The precision of "last seen"; a finer one would cost a write per page.
RECORD_VISIT_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class CurrentStaff:
    """The staff member who is logged in in this browser, read once per request."""

    staff_id: int
    name: str
    email: str
    session_id: int
    created_at: datetime
    last_seen_at: datetime


def require_staff() -> ResponseReturnValue | None:
    """Admit only staff. This runs before every page of the blueprint, so no page can omit it (ASVS 8.3.1)."""
    if request.endpoint in OPEN:
        return None
    here = current_staff()
    if here is None:
        there = request_target() if request.method == "GET" else None  # a redirect cannot send a form again
        return redirect(url_for("staff.login.page", next=there), 303)
    if utcnow() - here.last_seen_at > RECORD_VISIT_EVERY:
        _record_visit(here)
    return None


def keep_private(response: Response) -> Response:
    """Keep every page of the back office out of caches and search engines (ASVS 14.3.2)."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def current_staff() -> CurrentStaff | None:
    """Return the staff member who is logged in in this browser, or None."""
    if "staff" not in g:
        token = read_cookie(STAFF_COOKIE)
        g.staff = _find(token) if token else None
    here: CurrentStaff | None = g.staff
    return here


def required_staff() -> CurrentStaff:
    """Return the logged-in staff member, behind `require_staff`."""
    return current_staff() or abort(403)


def start_session(staff: Staff) -> str:
    """Log a staff member in and return the token for `set_session_cookie`.

    The token is always new and this browser's earlier session ends, so a planted token gains an attacker nothing; the
    form secret is renewed too (ASVS 7.2.4).
    """
    end_session()
    token, now = new_token(), utcnow()
    row = StaffSession(
        staff=staff,
        token_hash=secret_hash(token),
        user_agent=user_agent_of_request(),
        created_at=now,
        last_seen_at=now,
        expires_at=_expiry(now, now),
    )
    db.session.add(row)
    return token


def end_session() -> None:
    """End the session of this browser, if there is one."""
    if here := current_staff():
        _update_open(StaffSession.id == here.session_id, ended_at=utcnow())
    g.staff = None
    session.clear()


def end_all(staff: Staff) -> None:
    """End every session of a staff account."""
    _update_open(StaffSession.staff_id == staff.id, ended_at=utcnow())


def set_session_cookie(response: Any, token: str) -> None:
    """Set the session cookie. It lasts until the browser is closed, at most."""
    set_cookie(response, STAFF_COOKIE, token, samesite="Strict")


def clear_session_cookie(response: Any) -> None:
    """Delete the session cookie."""
    clear_cookie(response, STAFF_COOKIE, samesite="Strict")


def _find(token: str) -> CurrentStaff | None:
    """Return the staff member of a token; None if the session has ended or expired, or the account is disabled."""
    session_columns = StaffSession.id, StaffSession.created_at, StaffSession.last_seen_at
    found = select(Staff.id, Staff.name, Staff.email, *session_columns).join(StaffSession.staff)
    found = found.where(StaffSession.token_hash == secret_hash(token), StaffSession.ended_at.is_(None))
    found = found.where(StaffSession.expires_at > utcnow(), Staff.disabled_at.is_(None))
    row = db.session.execute(found).one_or_none()
    return CurrentStaff(*row) if row else None


def _record_visit(here: CurrentStaff) -> None:
    """Extend the idle limit, unless the session has ended meanwhile."""
    begin_write()
    now = utcnow()
    _update_open(StaffSession.id == here.session_id, last_seen_at=now, expires_at=_expiry(here.created_at, now))
    db.session.commit()


def _update_open(condition: ColumnElement[bool], **values: datetime) -> None:
    db.session.execute(update(StaffSession).where(condition, StaffSession.ended_at.is_(None)).values(**values))


def _expiry(created_at: datetime, seen_at: datetime) -> datetime:
    return min(seen_at + IDLE_LIMIT, created_at + ABSOLUTE_LIMIT)

"""The staff's session in this browser. Its cookie is separate from the customers' cookie, and is `SameSite=Strict`.

The customers' cookie is Lax because they come back from Vipps; staff never come to the back office from another site.
Every page here writes to the audit log, so a link on another site must not open one in a logged-in browser (ASVS
3.3.2). The cookie's path is `/`, because a `__Host-` cookie allows no other.
"""

from typing import Any

from flask import Response, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from app.database import begin_write, db
from app.security import cookie_name, read_cookie
from app.settings import settings_of_app
from app.staff import session_store
from app.staff.models import Staff
from app.staff.session_store import CurrentStaff
from app.strict_requests import request_target

COOKIE = "staff"
# The only two endpoints of the back office that need no login.
OPEN = frozenset({"staff.login.page", "staff.login.enter"})


def require_staff() -> ResponseReturnValue | None:
    """Let only staff pass. It runs before every page of the blueprint, so no page can forget it (ASVS 8.3.1)."""
    if request.endpoint in OPEN:
        return None
    here = current_staff()
    if here is None:
        # A redirect cannot send a submitted form again.
        there = request_target() if request.method == "GET" else None
        return redirect(url_for("staff.login.page", next=there), 303)
    if session_store.visit_due(here):
        begin_write()
        session_store.record_visit(here)
        db.session.commit()
    return None


def keep_private(response: Response) -> Response:
    """Keep every page of the back office out of caches and search engines (ASVS 14.3.2)."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def current_staff() -> CurrentStaff | None:
    """Return the staff member who is logged in in this browser, or None."""
    if "staff" not in g:
        token = read_cookie(COOKIE)
        g.staff = session_store.find(token) if token else None
    here: CurrentStaff | None = g.staff
    return here


def required_staff() -> CurrentStaff:
    """Return the logged-in staff member, behind `require_staff`."""
    return current_staff() or abort(403)


def start_session(staff: Staff) -> str:
    """Log a staff member in and return the token for `set_session_cookie`. The caller commits.

    The token is always new and this browser's earlier session ends, so a planted token gains an attacker nothing; the
    form secret is renewed too (ASVS 7.2.4).
    """
    end_session()
    return session_store.add(staff, request.user_agent.string)


def end_session() -> None:
    """End the session of this browser, if there is one. The caller commits."""
    here = current_staff()
    if here is not None:
        session_store.end(here.session_id)
    g.staff = None
    session.clear()


def set_session_cookie(response: Any, token: str) -> None:
    """Set the session cookie. It lasts until the browser is closed, at most."""
    response.set_cookie(cookie_name(COOKIE), token, **_attributes())


def clear_session_cookie(response: Any) -> None:
    """Delete the session cookie."""
    response.delete_cookie(cookie_name(COOKIE), **_attributes())


def _attributes() -> dict[str, Any]:
    return {"httponly": True, "secure": settings_of_app().https, "samesite": "Strict", "path": "/"}

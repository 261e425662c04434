"""Who of the staff is at this browser. The cookie is another one than the customers', and is `SameSite=Strict`.

Strict, where the customers' is Lax: nobody comes to the back office from another site, as customers come back from
Vipps, so nothing is lost by it. And every page here writes down that somebody looked, so a link on another site must
not make a logged-in browser look (ASVS 3.3.2). Its path is `/`, because a `__Host-` cookie has no other.
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

COOKIE = "staff"
# The only two addresses of the back office that are there for everybody.
OPEN = frozenset({"staff.login.page", "staff.login.enter"})


def require_staff() -> ResponseReturnValue | None:
    """Let nobody but staff pass; it stands before every page of the blueprint, not in each of them (ASVS 8.3.1)."""
    if request.endpoint in OPEN:
        return None
    here = current_staff()
    if here is None:
        # A form that was sent cannot be sent again by a redirect.
        there = request.full_path.removesuffix("?") if request.method == "GET" else None
        return redirect(url_for("staff.login.page", next=there), 303)
    if session_store.visit_due(here):
        begin_write()
        session_store.record_visit(here)
        db.session.commit()
    return None


def keep_private(response: Response) -> Response:
    """Keep every page of the back office out of every cache and search engine (ASVS 14.3.2)."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def current_staff() -> CurrentStaff | None:
    """Return who of the staff is logged in in this browser, or None."""
    if "staff" not in g:
        token = read_cookie(COOKIE)
        g.staff = session_store.find(token) if token else None
    here: CurrentStaff | None = g.staff
    return here


def required_staff() -> CurrentStaff:
    """Return who is logged in, behind `require_staff`."""
    return current_staff() or abort(403)


def start_session(staff: Staff) -> str:
    """Log somebody in and return the token for `set_session_cookie`. The caller commits.

    The token is always a new one and a session of this browser ends, so nothing that was planted lives on; the form
    secret is renewed with it (ASVS 7.2.4).
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
    """Hand the browser its token. The cookie goes when the browser is closed, at the latest."""
    response.set_cookie(cookie_name(COOKIE), token, **_attributes())


def clear_session_cookie(response: Any) -> None:
    """Take the cookie away."""
    response.delete_cookie(cookie_name(COOKIE), **_attributes())


def _attributes() -> dict[str, Any]:
    return {"httponly": True, "secure": settings_of_app().https, "samesite": "Strict", "path": "/"}

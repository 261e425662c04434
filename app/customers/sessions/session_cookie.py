"""The login session as a browser sees it: an opaque cookie, renewed at every login (its row: `session_store`).

A cookie that an attacker planted is never adopted: logging in always makes a new token (ASVS 7.2.4). Asking for
`current_customer()` costs no query without a cookie, and exactly one per request with it. A page that was made for a
customer is never stored by a browser or a proxy (ASVS 14.3.2), so logging out needs no `Clear-Site-Data`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from blinker import Signal
from flask import Flask, Response, current_app, flash, g, has_request_context, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as WerkzeugResponse

from app.customers.models import Customer, CustomerSession, EndReason, LoginMethod
from app.customers.sessions import session_store
from app.database import db
from app.logging import log
from app.security import read_cookie, set_cookie
from app.strict_requests import request_target

# The pages of these blueprints are about one person, logged in or not.
PERSONAL = frozenset(
    {"login", "register", "password", "account", "cart", "mail", "vipps_account", "profile", "confirm", "email"}
    | {"privacy", "consents", "unsubscribe"}
)

SESSION_COOKIE = "session"

View = Callable[..., ResponseReturnValue]

# Sent inside the transaction of a login, with `customer=`; a listener adds to that transaction and does not commit.
customer_logged_in = Signal()


class Current(NamedTuple):
    """The session of this request, and its customer."""

    row: CustomerSession
    customer: Customer


def init_app(app: Flask) -> None:
    """Offer `current_customer()` to the templates, and register the hooks after each request."""
    app.add_template_global(_customer_for_page, "current_customer")
    app.after_request(_forbid_caching)
    app.after_request(_record_visit)


def current_customer() -> Customer | None:
    """Return the customer who is logged in with this browser, or None."""
    current = _current()
    return current.customer if current else None


def required_customer() -> Customer:
    """Return the customer who is logged in; for views behind `login_required`."""
    customer = current_customer()
    if customer is None:
        raise Forbidden
    return customer


def current_session() -> CustomerSession | None:
    """Return the session row of this browser, or None."""
    current = _current()
    return current.row if current else None


def session_identifier() -> str:
    """Return an identifier of this browser's session, for a Vipps login that must end in it; empty without one."""
    current = _current()
    return f"{current.customer.id}.{current.row.id}.{current.row.created_at.timestamp():.6f}" if current else ""


def start_session(customer: Customer, method: LoginMethod, *, confirmed: bool) -> tuple[CustomerSession, str]:
    """Log the customer in; return the row, and the token for `redirect_with_session`. The caller commits.

    `confirmed` tells whether this login proved who uses the browser. An existing session of this browser ends, and the
    form secret is renewed (ASVS 7.2.4).
    """
    end_current_session(EndReason.REPLACED)
    row, token = session_store.add(customer, method, confirmed=confirmed)
    g.current = Current(row, customer)
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # listeners know their app by identity
    customer_logged_in.send(app, customer=customer)
    return row, token


def ended_by_revocation() -> bool:
    """Tell whether this browser was logged out because the customer revoked the sharing in the app."""
    token = read_cookie(SESSION_COOKIE)
    return bool(token) and session_store.end_reason(token) == EndReason.SHARING_REVOKED


def lock_current_session() -> bool:
    """Lock this browser's session until the commit, and tell whether it is still open."""
    current = _current()
    return current is not None and session_store.lock_if_open(current.row)


def rotate_session() -> str | None:
    """Give this browser's session a new token after it got more rights; return it for `redirect_with_session`."""
    current = _current()
    if current is None:
        return None
    session.clear()
    return session_store.rotate(current.row)


def end_current_session(reason: EndReason) -> None:
    """End the session of this browser, if there is one, and renew the form secret. The caller commits."""
    if current := _current():
        session_store.end(current.row, reason)
    g.current = None
    session.clear()


def forget_current() -> None:
    """Forget this request's session after a rollback, so that it is read again."""
    g.pop("current", None)


def end_sessions_of(customer: Customer, reason: EndReason, *, except_current: bool = False) -> None:
    """End all sessions of a customer, in every browser, or in all but this one. The caller commits."""
    current = _current()
    keep = current.row.id if current and except_current else None
    session_store.end_all(customer, reason, keep)
    if current and not except_current and current.customer.id == customer.id:
        g.current = None


def redirect_with_session(path: str, token: str | None) -> WerkzeugResponse:
    """Redirect to a path of this site, and set the session cookie if the token is new."""
    response = redirect(path, 303)
    if token:
        set_cookie(response, SESSION_COOKIE, token)  # the browser deletes it when it is closed, or before
    return response


def login_required(view: View) -> View:
    """Redirect a visitor who is not logged in to the login page, and after the login back to this page."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if current_customer() is not None:
            return view(*args, **kwargs)
        if read_cookie(SESSION_COOKIE) and not ended_by_revocation():  # the login page says that itself
            flash(_("You are no longer logged in here. Please log in again."), "info")
        # A redirect cannot send a form again, so after a POST the customer starts from their own page.
        there = request_target() if request.method == "GET" else None
        return redirect(url_for("login.page", next=there), 303)

    return guarded


def _current() -> Current | None:
    if "current" not in g:
        token = read_cookie(SESSION_COOKIE) if has_request_context() else ""
        found = session_store.find(token) if token else None
        g.current = Current(*found) if found else None
        if found and session_store.is_visit_due(found[0]):
            g.visited = found[0].id, found[0].created_at
    current: Current | None = g.current
    return current


def _record_visit(response: Response) -> Response:
    """Extend the idle limit, at most once a minute, after the view's own transaction."""
    if visited := g.pop("visited", None):
        try:
            db.session.rollback()
            session_store.record_visit(*visited)
            db.session.commit()
        except SQLAlchemyError as error:
            # The page is already rendered; a busy database must not replace it with an error page.
            db.session.rollback()
            log.warning("visit_not_recorded", error=type(error).__name__)
    return response


def _forbid_caching(response: Response) -> Response:
    # A form token belongs to one browser; Flask-WTF leaves it in `g` when a page has one.
    if g.get("current") is not None or "csrf_token" in g or request.blueprint in PERSONAL:
        response.headers["Cache-Control"] = "no-store"
    return response


def _customer_for_page() -> Customer | None:
    """Return the customer for the page's header; None if the database fails, so that the error page still renders."""
    try:
        if customer := current_customer():
            customer.name  # noqa: B018 - reads the row again now if a rollback expired it
        return customer
    except SQLAlchemyError:
        db.session.rollback()
        g.current = None
        return None

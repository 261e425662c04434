"""Render the error pages of everything but Vipps logins (their errors are in `app.vipps.errors`).

Every page has the shop's layout, says what to do next, and shows the reference number that is in the log. It shows no
traceback and does not repeat the input.
"""

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from app.database import db, is_unavailable, name_of
from app.logging import log, reference, set_failure

PAGES: Mapping[int, tuple[object, object]] = {
    400: (_l("We could not read that request"), _l("Part of the request was missing or damaged. Nothing was changed.")),
    403: (_l("You can’t open this page"), _l("You may need to log in with another account.")),
    404: (_l("Page not found"), _l("The page may have moved, or the address may be mistyped.")),
    405: (
        _l("This action isn’t allowed"),
        _l("This address does not accept that kind of request. Nothing was changed."),
    ),
    413: (_l("That is too large"), _l("The form was too large. Nothing was saved. Please send less.")),
    429: (
        _l("Please wait a moment"),
        _l("There were too many attempts in a short time. Please wait a little and try again."),
    ),
    500: (_l("Something went wrong on our side"), _l("The fault is ours, and your cart is safe. Please try again.")),
    503: (_l("The shop is busy right now"), _l("The shop can’t reach its database right now. Please try again soon.")),
}
RETRY_SECONDS = 5  # until a browser may ask again after the database failed
# How much of a form that is too large is read and discarded, so that the browser gets the page and no connection error.
DRAIN_BYTES = 32 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
# The largest stale form that can be sent again; the shop has no larger one.
MAX_RESENT_FIELDS = 40
MAX_RESENT_CHARACTERS = 10_000


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(RequestEntityTooLarge, too_large)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(SQLAlchemyError, database_error)
    app.register_error_handler(Exception, unexpected)


def error_page(status: int, title: object = None, explanation: object = None, **context: object) -> tuple[str, int]:
    """Render the page of a status, with its title and explanation from the table unless they are given."""
    known = PAGES.get(status, PAGES[400 if status < 500 else 500])
    shown = {"title": title or known[0], "explanation": explanation or known[1], "reference": reference()}
    return render_template("errors/error.html", **shown, **context), status


def http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer an HTTP error with its page, keeping headers such as `Allow` and `Retry-After`."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    if status >= 500:
        log.error("http_error", status=status)
    return *error_page(status), [(k, v) for k, v in error.get_headers() if k.lower() != "content-type"]


def stale_form(error: CSRFError) -> ResponseReturnValue:
    """Explain that a form has no valid CSRF token, and offer to send it again if it came from this shop.

    Another site cannot use the offer: it is made only if the browser says that the form came from this origin, and it
    needs a click on the shop's page. A form with a password is not offered, so that no password gets into a page.
    """
    log.info("csrf_refused", reason=str(error.description))
    is_own_form = request.headers.get("Sec-Fetch-Site") == "same-origin"
    sent = islice(request.form.items(multi=True), MAX_RESENT_FIELDS + 1)
    fields = [(name, value) for name, value in sent if name != "csrf_token"]
    characters = sum(len(name) + len(value) for name, value in fields)
    small = len(fields) <= MAX_RESENT_FIELDS and characters <= MAX_RESENT_CHARACTERS
    secret = any("password" in name for name, _value in fields)
    resend = (request.path, fields) if is_own_form and small and not secret else None
    said = _("This page was open for too long"), _("To be safe, we did nothing. Your cart is unchanged.")
    return error_page(400, *said, resend=resend)


def too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Read a form that is too large to its end, up to `DRAIN_BYTES`, and answer with its page."""
    stream, left = request.environ["wsgi.input"], min(request.content_length or 0, DRAIN_BYTES)
    with suppress(BadRequest):  # the body ends too early, or cannot be read
        while left > 0 and (chunk := stream.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
    return error_page(413)


def database_error(error: SQLAlchemyError) -> ResponseReturnValue:
    """Answer a request whose database is locked, full, read-only or gone; its transaction is rolled back."""
    if not is_unavailable(error):
        return unexpected(error)
    db.session.rollback()
    set_failure("database_error")
    log.error("database_error", error=name_of(error))
    return *error_page(503), {"Retry-After": str(RETRY_SECONDS)}


def unexpected(error: Exception) -> ResponseReturnValue:
    """Log an unhandled exception with its traceback, and show the page of status 500, or in debug mode the debugger."""
    db.session.rollback()
    set_failure(type(error).__name__)
    log.exception("unexpected_error", error=type(error).__name__)
    if current_app.debug:
        raise error
    return error_page(500)

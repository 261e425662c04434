"""Sends the browser back to the merchant, or stops before that: “stop before the redirect”.

A login that stops shows the redirect as a form: a developer can read, copy and change code, state and error before the
browser continues. So developers learn what the merchant receives, and try the changes of an attacker.
"""

from urllib.parse import parse_qsl, urlsplit

from flask import make_response, redirect, render_template, request
from flask import session as browser_session
from werkzeug.wrappers import Response

from . import headers
from .models import Login, SalesUnit

PARAMETER = "door"
STOP = "stop"
_SESSION_KEY = "stops_at_door"


def is_wanted() -> bool:
    """Return whether this request (`door=stop`), or an earlier choice in this browser, asks to stop."""
    return request.args.get(PARAMETER) == STOP or bool(browser_session.get(_SESSION_KEY))


def choose(login: Login, stops: bool) -> None:
    """Store the choice for this login and for the browser's next logins."""
    login.stops_at_door = browser_session[_SESSION_KEY] = stops


def send_back(login: Login, unit: SalesUnit, location: str) -> Response:
    """Redirect to the merchant, or show the redirect as a form."""
    if not login.stops_at_door:
        return redirect(location)
    headers.allow_form_target(login.redirect_uri)
    parts = urlsplit(location)
    page = render_template(
        "door.html",
        merchant=unit,
        login_id=login.id,
        location=location,
        target=parts._replace(query="").geturl(),
        parameters=parse_qsl(parts.query, keep_blank_values=True),
    )
    return make_response(page)

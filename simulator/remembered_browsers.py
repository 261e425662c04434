"""“Remember me in browser”: one cookie on the simulator's origin, for all merchants.

Off by default on a computer and on by default on a phone (Vipps MobilePay Login API guide: “How it works”). A merchant
cannot switch it off; in-app confirmation ignores it.
"""

from datetime import datetime, timedelta

from flask import request
from sqlalchemy import delete
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from .context import simulator
from .models import Person, RememberedBrowser
from .random_values import hashed


def cookie_name() -> str:
    """Return the name of the cookie."""
    return simulator().config.cookie_name("browser")


def token_of_browser() -> str | None:
    """Return the value of the browser's cookie."""
    return request.cookies.get(cookie_name())


def oldest(now: datetime) -> datetime:
    """Return the time before which a confirmation has expired."""
    return now - timedelta(seconds=simulator().config.browser_lifetime)


def on_by_default() -> bool:
    """Return whether the request comes from a phone."""
    return request.headers.get("Sec-CH-UA-Mobile") == "?1" or "Mobi" in request.headers.get("User-Agent", "")


def set_cookie(response: Response, token: str) -> None:
    """Set the cookie that recognises the browser next time."""
    config = simulator().config
    lifetime, path = config.browser_lifetime, config.cookie_path
    response.set_cookie(
        cookie_name(), token, max_age=lifetime, path=path, secure=config.secure, httponly=True, samesite="Lax"
    )


def remembered_person(session: Session, now: datetime) -> Person | None:
    """Return the person that this browser remembers."""
    token = token_of_browser()
    browser = session.get(RememberedBrowser, hashed(token)) if token else None
    if browser is None or browser.confirmed_at < oldest(now):
        return None
    return session.get(Person, browser.person_key)


def forget(session: Session, response: Response) -> None:
    """Forget this browser, in the database and in the browser."""
    if token := token_of_browser():
        session.execute(delete(RememberedBrowser).where(RememberedBrowser.token_hash == hashed(token)))
    config = simulator().config
    response.delete_cookie(cookie_name(), config.cookie_path, secure=config.secure, httponly=True, samesite="Lax")

"""The cookies of other packages in the privacy notice; the shop's own are in its template (ekomloven, section 3-15)."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app

REGISTERED_COOKIES = "registered_cookies"


@dataclass(frozen=True)
class Cookie:
    """A cookie: its name, what it is for, and how long the browser keeps it."""

    name: str
    purpose: str
    life: str


def register_cookie(app: Flask, cookie: Callable[[], Cookie]) -> None:
    """Add a cookie of a package that the shop does not import."""
    app.extensions.setdefault(REGISTERED_COOKIES, []).append(cookie)


def registered_cookies() -> list[Cookie]:
    """Return the cookies that other packages have added."""
    return [cookie() for cookie in current_app.extensions.get(REGISTERED_COOKIES, ())]

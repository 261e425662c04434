"""Steps that several tests of a person's phone share: open it, read a part of it, revoke a consent."""

from bs4 import Tag
from flask.testing import FlaskClient

from .conftest import Provider, Visitor

NOON = "2026-11-22 12:00:00+00:00"


def phone(browser: FlaskClient, person: str = "ola", query: str = "") -> Visitor:
    """Open a person's phone."""
    return Visitor(browser, browser.get(f"/persons/{person}/phone{query}"))


def words(tag: Tag) -> str:
    """Return the text of a part of the page with blanks folded."""
    return " ".join(tag.get_text(" ").split())


def register_webhook(provider: Provider, url: str) -> None:
    """Set the company's webhook address."""
    provider.set_webhook(url)


def ended(browser: FlaskClient, provider: Provider) -> Visitor:
    """Log Ola in, and revoke the consent on the phone."""
    provider.log_in("ola", {"scope": "openid name"})
    return phone(browser).press("ola/revoke")

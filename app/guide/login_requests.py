"""Recognize a request that starts a login, whatever part of the shop sends its response."""

from urllib.parse import parse_qs, urlsplit

from flask import g, request

from app.vipps.routes import opened_by_browser

CONTINUE = "vipps.go_to_vipps"


def is_callback() -> bool:
    """Tell whether this request is a callback, and not only a look at its address (HEAD, prefetch)."""
    return request.endpoint == "vipps.callback" and opened_by_browser()


def started_url() -> str:
    """Return the authorization URL of the login that this request started; empty for any other request."""
    return str(g.get("authorization_url", ""))


def started_state() -> str:
    """Return the state of the login that this request started; empty for any other request."""
    return parse_qs(urlsplit(started_url()).query).get("state", [""])[0]

"""Recognize a response that starts a login, whatever part of the shop sends it."""

from urllib.parse import parse_qs, urlsplit

from flask import Response

from app.settings import settings_of_app

CALLBACK = "vipps.callback"


def started_state(response: Response) -> str:
    """Return the state of the login that a response starts by redirecting to Vipps; empty for any other response."""
    target = response.headers.get("Location", "")
    if response.status_code == 302 and target.startswith(settings_of_app().provider_url):
        return parse_qs(urlsplit(target).query).get("state", [""])[0]
    return ""

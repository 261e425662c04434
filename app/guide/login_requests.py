"""How the guide sees from outside that a request begins a login, whatever part of the shop it was sent to."""

from urllib.parse import parse_qs, urlsplit

from flask import Response

from app.settings import settings_of_app

CALLBACK = "vipps.callback"


def state_of_begun(response: Response) -> str:
    """Return the state of the login that a response begins by sending the browser to Vipps; empty for any other."""
    target = response.headers.get("Location", "")
    if response.status_code == 302 and target.startswith(settings_of_app().provider_url):
        return parse_qs(urlsplit(target).query).get("state", [""])[0]
    return ""

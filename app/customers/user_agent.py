"""Describe a browser by its user agent, in words such as "Chrome on Windows".

A user agent is the sender's own text and proves nothing. Here it only helps customers to recognise their devices.
"""

from flask import has_request_context, request
from flask_babel import gettext as _

# The first match counts: most browsers also name the browsers that they are derived from.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("FBAN", "Facebook"),
    ("Instagram", "Instagram"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)

MAX_LENGTH = 200


def user_agent_of_request() -> str:
    """Return the user agent of this request, in a form that the database can store."""
    return request.user_agent.string.replace("\0", "")[:MAX_LENGTH] if has_request_context() else ""


def device(user_agent: str) -> str:
    """Name the browser and the system of a user agent, as far as they are known."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system or str(_("An unknown device"))


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in table if mark in user_agent), "")

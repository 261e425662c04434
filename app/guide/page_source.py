"""Answer “How is this page made?”: for every endpoint, its view, the templates that it renders and a chapter."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from flask import current_app

from app.guide import source

CHAPTER_OF_BLUEPRINT = {
    "account": "profile-and-refresh",
    "activity": "which-customer-is-this",
    "cart": "forking-this-shop",
    "checkout": "profile-and-refresh",
    "checklist": "going-live",
    "error_playground": "error-handling",
    "confirm": "which-customer-is-this",
    "consents": "consents",
    "delete": "revocation-and-privacy",
    "demo": "which-customer-is-this",
    "email": "profile-and-refresh",
    "export": "revocation-and-privacy",
    "guide": "the-idea",
    "health": "going-live",
    "i18n": "forking-this-shop",
    "inspector": "a-login-call-by-call",
    "legal": "revocation-and-privacy",
    "login": "a-login-call-by-call",
    "mail": "sending-email",
    "orders": "profile-and-refresh",
    "password": "which-customer-is-this",
    "profile": "profile-and-refresh",
    "register": "which-customer-is-this",
    "sessions": "logging-out",
    "shop": "forking-this-shop",
    "site_files": "going-live",
    "staff": "revocation-and-privacy",
    "tour": "the-idea",
    "unsubscribe": "consents",
    "vipps": "the-callback",
    "vipps_account": "which-customer-is-this",
    "vipps_webhook": "revocation-and-privacy",
}
CHAPTER_OF_ENDPOINT = {
    "guide.conformance": "the-callback",
    "login.logged_out": "logging-out",
    "login.logout": "logging-out",
    "vipps.start": "a-login-call-by-call",
}
TEMPLATE = re.compile(r'"([\w/]+\.(?:html|txt))"')


@dataclass(frozen=True)
class PageSource:
    """The source of a page: places as `app.guide.source` names them, and a chapter's slug."""

    endpoint: str
    rules: tuple[str, ...]
    view: str
    templates: tuple[str, ...]
    chapter: str


def find_page(endpoint: str) -> PageSource | None:
    """Return the source of an endpoint; None for static files and unknown names."""
    view = current_app.view_functions.get(endpoint)
    module, name = getattr(view, "__module__", ""), getattr(view, "__qualname__", "")
    if view is None or not module.startswith(("app.", "demo.")) or endpoint.endswith("static"):
        return None
    place = f"{module}:{name}"
    rules = tuple(sorted({str(rule) for rule in current_app.url_map.iter_rules(endpoint)}))
    # Prefer the templates that the view itself names; else take all that its module names.
    named = TEMPLATE.findall(source.find(place).text) or TEMPLATE.findall(source.read(source.find(place).path))
    templates = tuple(dict.fromkeys(f"templates/{each}" for each in named if f"templates/{each}" in source.files()))
    return PageSource(endpoint, rules, place, templates, chapter_of(endpoint))


def chapter_of(endpoint: str) -> str:
    """Return the slug of the chapter that explains an endpoint."""
    blueprint = endpoint.partition(".")[0]
    return CHAPTER_OF_ENDPOINT.get(endpoint) or CHAPTER_OF_BLUEPRINT[blueprint]


def url(endpoint: str) -> str:
    """Return the address of the answer. Every page has this link, so it does not look anything up."""
    return f"/guide/made/{quote(endpoint)}"

"""The language of the pages: the person's choice, else the browser's, never the merchant's.

A merchant cannot choose the language (Vipps MobilePay Login FAQ); the landing page has a picker for the person, with
four languages. The simulator's other pages exist in two of them, the merchants' consent screens in five.
"""

from pathlib import Path

from flask import Flask, request, session
from flask_babel import Babel, get_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from .consents import languages

LANGUAGES = {"en": "English", "nb": "Norsk bokmål", "da": "Dansk", "fi": "Suomi"}
OF_OTHER_PAGES = ("en", "nb")
TRANSLATIONS = Path(__file__).parent / "translations"

# For a browser whose language has no texts here: readers of nynorsk, Danish and Swedish get bokmål rather than English.
# The shop has the same map (`app/i18n.py`), so that a login is in one language from the shop to Vipps and back.
ALIASES = {"no": "nb", "nn": "nb", "da": "nb", "sv": "nb"}


def init_app(app: Flask) -> None:
    """Choose the language of each request."""
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=_select)
    app.before_request(_remember_choice)
    app.context_processor(lambda: {"language": language(), "languages": _offered()})


def language() -> str:
    """Return the language of this request."""
    return str(get_locale())


def screen_language() -> str:
    """Return the language in which this person sees a merchant's consent screens: that of the page around them."""
    return languages.match_language(language()) or "en"


def _remember_choice() -> None:
    """Store the language that a person picked; the authorization endpoint ignores the parameter."""
    chosen = request.args.get("language")
    if chosen in LANGUAGES and request.blueprint in ("screens", "home", "portal", "phone"):
        session["language"] = chosen


def _offered() -> dict[str, str]:
    """Return the languages of this page: all four during a login."""
    in_login = request.blueprint in ("screens", "protocol")
    return {tag: name for tag, name in LANGUAGES.items() if in_login or tag in OF_OTHER_PAGES}


def _select() -> str:
    chosen = session.get("language")
    if chosen in _offered():
        return str(chosen)
    return preferred_language(request.headers.get("Accept-Language", ""))


def preferred_language(accepted: str) -> str:
    """Return the language that suits an Accept-Language header best: one that merchants' pages have as well."""
    match = parse_accept_header(accepted, LanguageAccept).best_match([*OF_OTHER_PAGES, *ALIASES], default="en")
    return match if match in OF_OTHER_PAGES else ALIASES[match]

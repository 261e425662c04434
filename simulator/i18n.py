"""The language of the pages: the person's choice, else the browser's, never the merchant's.

A merchant cannot choose the language (Vipps MobilePay Login FAQ); the landing page has a picker for the person. Every
page and every merchant's consent screen exists in the same five languages.
"""

from pathlib import Path

from flask import Flask, request, session
from flask_babel import Babel, get_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from .consents import languages

LANGUAGES = {"en": "English", "nb": "Norsk bokmål", "da": "Dansk", "sv": "Svenska", "fi": "Suomi"}
TRANSLATIONS = Path(__file__).parent / "translations"

# The shop has the same two maps (`app/i18n.py`), so that a login is in one language from the shop to Vipps and back.
ALIASES = {"no": "nb", "nn": "nb"}
# A parameter of the authorization URL that only this simulator knows: the language that the person chose in the demo.
PARAMETER = "simulator_language"


def init_app(app: Flask) -> None:
    """Choose the language of each request."""
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=_select)
    app.before_request(_remember_choice)
    app.context_processor(lambda: {"language": language(), "languages": LANGUAGES})


def language() -> str:
    """Return the language of this request."""
    return str(get_locale())


def screen_language() -> str:
    """Return the language of a merchant's consent screens: the language of the page around them."""
    return languages.match_language(language()) or "en"


def _remember_choice() -> None:
    """Store the language that a person picked; the authorization endpoint has a separate parameter for it."""
    chosen = request.args.get(PARAMETER if request.blueprint == "protocol" else "language")
    if chosen in LANGUAGES and request.blueprint in ("screens", "home", "portal", "phone", "protocol"):
        session["language"] = chosen


def _select() -> str:
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return preferred_language(request.headers.get("Accept-Language", ""))


def preferred_language(accepted: str) -> str:
    """Return the language that suits an Accept-Language header best."""
    match = parse_accept_header(accepted, LanguageAccept).best_match([*LANGUAGES, *ALIASES], default="en")
    return match if match in LANGUAGES else ALIASES[match]

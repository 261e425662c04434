"""The language of the pages: the person's choice, else the browser's, never the merchant's.

A merchant cannot choose the language (Vipps MobilePay Login FAQ); the landing page has a picker for the
person. The simulator's own texts exist in two languages, the merchants' consent screens in five.
"""

from pathlib import Path

from flask import Flask, request, session
from flask_babel import Babel, get_locale

from simulator.consents import languages

LANGUAGES = {"en": "English", "nb": "Norsk bokmål"}
TRANSLATIONS = Path(__file__).parent / "translations"

_SPOKEN_AS = {"no": "nb", "nn": "nb", "nb": "nb", "da": "nb", "sv": "nb"}
"""Who reads Danish, Swedish or nynorsk gets on better with bokmål than with English."""


def init_app(app: Flask) -> None:
    """Choose the language of each request."""
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=_select)
    app.before_request(_remember_choice)
    app.context_processor(lambda: {"language": language(), "languages": LANGUAGES})


def language() -> str:
    """Return the language of this request, `en` or `nb`."""
    return str(get_locale())


def screen_language() -> str:
    """Return the language in which this person sees a merchant's consent screens."""
    chosen = session.get("language")
    tags = [chosen] if chosen in LANGUAGES else [tag for tag, _quality in request.accept_languages]
    return next((found for tag in tags if (found := languages.match_language(tag))), "en")


def _remember_choice() -> None:
    """Keep the language that a person picked; the authorization endpoint does not listen to it."""
    chosen = request.args.get("language")
    if chosen in LANGUAGES and request.blueprint in ("screens", "home", "portal", "phone"):
        session["language"] = chosen


def _select() -> str:
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    for tag, _quality in request.accept_languages:
        primary = tag.split("-")[0].lower()
        if found := _SPOKEN_AS.get(primary, primary if primary in LANGUAGES else None):
            return found
    return "en"

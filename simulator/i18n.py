"""The language of the pages: the person's choice, else the browser's, never the merchant's.

A merchant cannot choose the language (Vipps MobilePay Login FAQ); the landing page has a picker for the person, with
four languages. The simulator's other pages exist in two of them, the merchants' consent screens in five.
"""

from pathlib import Path

from flask import Flask, request, session
from flask_babel import Babel, get_locale

from simulator.consents import languages

LANGUAGES = {"en": "English", "nb": "Norsk bokmål", "da": "Dansk", "fi": "Suomi"}
OF_OTHER_PAGES = ("en", "nb")
TRANSLATIONS = Path(__file__).parent / "translations"

_SPOKEN_AS = {"no": "nb", "nn": "nb", "da": "nb", "sv": "nb"}
"""Where their language is missing, readers of Danish, Swedish or nynorsk get bokmål rather than English."""


def init_app(app: Flask) -> None:
    """Choose the language of each request."""
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=_select)
    app.before_request(_remember_choice)
    app.context_processor(lambda: {"language": language(), "languages": _offered()})


def language() -> str:
    """Return the language of this request."""
    return str(get_locale())


def screen_language() -> str:
    """Return the language in which this person sees a merchant's consent screens."""
    chosen = session.get("language")
    tags = [chosen] if chosen in LANGUAGES else [tag for tag, _quality in request.accept_languages]
    return next((found for tag in tags if (found := languages.match_language(tag))), "en")


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
    offered, chosen = _offered(), session.get("language")
    tags = [str(chosen)] if chosen in LANGUAGES else [tag for tag, _quality in request.accept_languages]
    for tag in tags:
        primary = tag.split("-")[0].lower()
        if primary in offered or (primary := _SPOKEN_AS.get(primary, "")) in offered:
            return primary
    return "en"

"""Languages: English and Norwegian bokmål, chosen by the footer's switch, else by the browser.

Also the formatters that templates use. Prices are always written the Norwegian way, whatever the language
of the page, because they are Norwegian prices.
"""

from datetime import datetime
from functools import lru_cache

from babel.numbers import format_currency
from flask import Blueprint, Flask, abort, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_datetime, get_locale

from app.vipps.return_path import local_path

LANGUAGES = {"en": "English", "nb": "Norsk bokmål"}
LANGUAGE_COOKIE = "language"
A_YEAR = 365 * 24 * 3600

bp = Blueprint("i18n", __name__)
babel = Babel()


def init_app(app: Flask) -> None:
    """Choose the language of each request and hand the formatters to the templates."""
    babel.init_app(app, locale_selector=chosen_language, default_translation_directories="translations")
    app.register_blueprint(bp)
    app.add_template_filter(money)
    app.add_template_filter(when)
    app.add_template_global(language)
    app.add_template_global(here)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


@bp.get("/language/<code>")
def choose(code: str) -> ResponseReturnValue:
    """Remember the language of this browser and go back to the page."""
    if code not in LANGUAGES:
        abort(404)
    response = redirect(local_path(request.args.get("next"), "/"))
    secure = request.is_secure
    response.set_cookie(LANGUAGE_COOKIE, code, max_age=A_YEAR, httponly=True, samesite="Lax", secure=secure)
    return response


def chosen_language() -> str:
    """Return the language of this request: the switch first, then what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    # A Norwegian browser sends nb, nn or the old "no"; all of them read bokmål.
    match = request.accept_languages.best_match(["en", "nb", "no", "nn"], default="en")
    return "en" if match == "en" else "nb"


def language() -> str:
    """Return the language tag of this page: `en` or `nb`."""
    if "language" not in g:
        g.language = str(get_locale() or "en")
    return str(g.language)


def here() -> str:
    """Return the address of this page, for a link that comes back to it.

    Not of a login's callback: its query string is the authorization response, which belongs into no link
    (RFC 9700, section 4.2).
    """
    if request.method != "GET" or request.blueprint == "vipps":
        return "/"
    return request.full_path.removesuffix("?")


@lru_cache(maxsize=4096)
def money(ore: int) -> str:
    """Write an amount in øre as Norwegians do: 129900 becomes "1 299,00 kr" with no-break spaces."""
    return format_currency(ore / 100, "NOK", locale="nb_NO")


def when(moment: datetime | None) -> str:
    """Write a moment in the page's language, in the shop's own time zone."""
    return format_datetime(moment, "d MMMM y HH:mm") if moment else ""

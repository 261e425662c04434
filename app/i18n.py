"""Choose the language of each page: by the footer's switch, else by the browser's `Accept-Language`.

A language of `LANGUAGES` needs a catalog in `app/translations`; a text without a translation is in English. This
module also has the templates' formatters. Prices are in the shop's currency (`app.about`), written as the page's
language writes them.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import get_date_format, get_time_format
from babel.numbers import format_currency
from babel.support import NullTranslations
from flask import Blueprint, Flask, abort, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_date, format_datetime, get_babel, get_locale, get_translations
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app import about
from app.security import read_cookie, set_cookie
from app.strict_requests import request_target
from app.vipps.return_path import local_path

DEFAULT_LANGUAGE = "en"
LANGUAGES = {"en": "English", "nb": "Norsk bokmål", "da": "Dansk", "sv": "Svenska", "fi": "Suomi"}
# Norwegian browsers send nb, nn or the old "no". Vipps takes the language from the browser too, so the simulator has
# the same two maps (`simulator/i18n.py`), and a login is in one language.
ALIASES = {"no": "nb", "nn": "nb"}
# A callback's query is the authorization response (RFC 9700, section 4.2); the path of an emailed link is its token.
SECRET_ADDRESSES = frozenset({
    "vipps.callback", "vipps.go_to_vipps",
    "register.confirm", "password.reset", "email.confirm", "vipps_account.prove_by_mail",
})  # fmt: skip
LANGUAGE_COOKIE = "language"
A_YEAR = timedelta(days=365)
TIME_ZONE = "Europe/Oslo"
MAX_ACCEPT_LANGUAGE = 200  # characters; browsers send far fewer

bp = Blueprint("i18n", __name__)
babel = Babel()


def init_app(app: Flask) -> None:
    """Choose the language of each request, and give the formatters to the templates."""
    babel.init_app(
        app, locale_selector=chosen_language, default_translation_directories="translations", default_timezone=TIME_ZONE
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the method is its i18n extension's
        gettext=lambda text: _of_page()[2].ugettext(text),
        ngettext=lambda one, many, number: _of_page()[2].ungettext(one, many, number),
        newstyle=True,
    )
    app.register_blueprint(bp)
    for each in (money, day, calendar_date, when):
        app.add_template_filter(each)
    app.add_template_global(language)
    app.add_template_global(here)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


def add_translations(app: Flask, folder: Path) -> None:
    """Look up texts in one more folder of catalogs."""
    get_babel(app).translation_directories.append(str(folder))


@bp.get("/language/<code>")
def choose(code: str) -> ResponseReturnValue:
    """Store the language in a cookie, and redirect back to the page."""
    if code not in LANGUAGES:
        abort(404)
    response = redirect(local_path(request.args.get("next"), "/"))
    set_cookie(response, LANGUAGE_COOKIE, code, max_age=A_YEAR)
    return response


def chosen_language() -> str:
    """Return the language of this request: from the switch, else from the browser's preference."""
    chosen, accepted = read_cookie(LANGUAGE_COOKIE), request.headers.get("Accept-Language", "")
    return chosen if chosen in LANGUAGES else preferred_language(accepted[:MAX_ACCEPT_LANGUAGE])


@lru_cache(maxsize=512)  # browsers send few different headers
def preferred_language(accepted: str) -> str:
    """Return the language that suits an Accept-Language header best."""
    match = parse_accept_header(accepted, LanguageAccept).best_match([*LANGUAGES, *ALIASES], default=DEFAULT_LANGUAGE)
    return match if match in LANGUAGES else ALIASES[match]


def _of_page() -> tuple[Locale | None, str, NullTranslations]:
    """Return locale, tag and translations of this page, looked up once per page. An email uses its own language."""
    locale, kept = get_locale(), g.get("of_page")
    if kept is None or kept[0] is not locale:
        kept = g.of_page = locale, str(locale or DEFAULT_LANGUAGE), get_translations()
    found: tuple[Locale | None, str, NullTranslations] = kept
    return found


def language() -> str:
    """Return the language tag of this page, one of `LANGUAGES`."""
    return _of_page()[1]


def here() -> str:
    """Return this page's address, for a link that leads back here; the front page's if this address is secret."""
    if request.method != "GET" or request.endpoint is None or request.endpoint in SECRET_ADDRESSES:
        return "/"
    return request_target()


def money(ore: int) -> str:
    """Format an amount in øre: 129900 becomes "1 299,00 kr" with no-break spaces, and "1.299,00 NOK" in Danish."""
    return format_price(ore, language())


@lru_cache(maxsize=4096)
def format_price(ore: int, language_tag: str) -> str:
    """Format an amount in øre; English writes it as the language of the shop's country does."""
    own = language_tag in (DEFAULT_LANGUAGE, about.PRICE_LOCALE.partition("_")[0])
    return format_currency(ore / 100, about.CURRENCY, locale=about.PRICE_LOCALE if own else language_tag)


# English is for readers in the Nordic countries. Other languages have the formats of Unicode CLDR.
@lru_cache(maxsize=len(LANGUAGES))
def date_format(language_tag: str) -> str:
    """Return the pattern of a date in a language, for Babel."""
    return "d MMMM y" if language_tag == DEFAULT_LANGUAGE else str(get_date_format("long", language_tag).pattern)


@lru_cache(maxsize=len(LANGUAGES))
def time_format(language_tag: str) -> str:
    """Return the pattern of a time of day in a language, for Babel."""
    return "HH:mm" if language_tag == DEFAULT_LANGUAGE else str(get_time_format("short", language_tag).pattern)


def day(moment: datetime | None) -> str:
    """Format a date in the page's language and the shop's time zone."""
    return format_datetime(moment, date_format(language())) if moment else ""


def calendar_date(date_of: date) -> str:
    """Format a date without a time in the page's language."""
    return str(format_date(date_of, date_format(language()), rebase=False))


def when(moment: datetime | None) -> str:
    """Format a date and time in the page's language and the shop's time zone."""
    return format_datetime(moment, f"{date_format(language())} {time_format(language())}") if moment else ""

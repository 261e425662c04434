"""Choose the language, English or Norwegian bokmål: from the switch in the footer, else from the browser.

It also has the templates' formatters. Prices are formatted the Norwegian way in both languages, because they are in
kroner.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from babel.numbers import format_currency
from babel.support import NullTranslations
from flask import Blueprint, Flask, abort, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_datetime, get_locale, get_translations
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.security import read_cookie, set_cookie
from app.vipps.return_path import local_path

LANGUAGES = {"en": "English", "nb": "Norsk bokmål"}
SECRET_ADDRESSES = frozenset(
    {"vipps.callback", "register.confirm", "password.reset", "email.confirm", "vipps_account.prove_by_mail"}
)
LANGUAGE_COOKIE = "language"
A_YEAR = 365 * 24 * 3600
TIME_ZONE = "Europe/Oslo"
# Norwegian writes the day as an ordinal, "22. november".
MOMENT = {"en": "d MMMM y HH:mm", "nb": "d. MMMM y HH:mm"}
DAY = {"en": "d MMMM y", "nb": "d. MMMM y"}
MAX_ACCEPTED = 200  # characters of Accept-Language; browsers send far fewer

bp = Blueprint("i18n", __name__)
babel = Babel()


def init_app(app: Flask) -> None:
    """Choose the language of each request, and give the formatters to the templates."""
    babel.init_app(
        app,
        locale_selector=chosen_language,
        default_translation_directories="translations",
        default_timezone=TIME_ZONE,
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the method is its i18n extension's
        gettext=lambda text: _texts().ugettext(text),
        ngettext=lambda one, many, number: _texts().ungettext(one, many, number),
        newstyle=True,
    )
    app.register_blueprint(bp)
    app.add_template_filter(money)
    app.add_template_filter(day)
    app.add_template_filter(when)
    app.add_template_global(language)
    app.add_template_global(here)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


@bp.get("/language/<code>")
def choose(code: str) -> ResponseReturnValue:
    """Store the language in a cookie, and redirect back to the page."""
    if code not in LANGUAGES:
        abort(404)
    response = redirect(local_path(request.args.get("next"), "/"))
    set_cookie(response, LANGUAGE_COOKIE, code, max_age=timedelta(seconds=A_YEAR))
    return response


def chosen_language() -> str:
    """Return the language of this request: from the switch, else from the browser's preference."""
    chosen = read_cookie(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return _preferred(request.headers.get("Accept-Language", "")[:MAX_ACCEPTED])


@lru_cache(maxsize=512)  # most browsers send one of few headers
def _preferred(accepted: str) -> str:
    """Return the language that matches an Accept-Language header best."""
    # A Norwegian browser sends nb, nn or the old "no"; bokmål suits all of them.
    match = parse_accept_header(accepted, LanguageAccept).best_match(["en", "nb", "no", "nn"], default="en")
    return "en" if match == "en" else "nb"


def _texts() -> NullTranslations:
    """Return the translations of this page, looked up once per page; an email may have another language."""
    locale, kept = get_locale(), g.get("texts")
    if kept is None or kept[0] is not locale:
        kept = g.texts = locale, get_translations()
    texts: NullTranslations = kept[1]
    return texts


def language() -> str:
    """Return the language tag of this page: `en` or `nb`."""
    if "language" not in g:
        g.language = str(get_locale() or "en")
    return str(g.language)


def here() -> str:
    """Return the address of this page, for a link that comes back to it.

    It is `/` if the address is a secret: the query of a callback is the authorization response (RFC 9700, section 4.2),
    and the path of an emailed link has its token.
    """
    if request.method != "GET" or request.endpoint is None or request.endpoint in SECRET_ADDRESSES:
        return "/"
    return request.full_path.removesuffix("?")


@lru_cache(maxsize=4096)
def money(ore: int) -> str:
    """Format an amount in øre: 129900 becomes "1 299,00 kr" with no-break spaces."""
    return format_currency(ore / 100, "NOK", locale="nb_NO")


def day(moment: datetime | None) -> str:
    """Format a date in the page's language and the shop's time zone."""
    return format_datetime(moment, DAY[language()]) if moment else ""


def when(moment: datetime | None) -> str:
    """Format a date and time in the page's language and the shop's time zone."""
    return format_datetime(moment, MOMENT[language()]) if moment else ""

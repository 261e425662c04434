"""Collect the facts of the privacy page: cookies, retention periods and the scopes that Vipps is asked for.

They are read from the code that uses them, so the page cannot promise what the software does not do (GDPR, articles
12 to 14; ekomloven, section 3-15).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.customers.linking import pending_link
from app.customers.privacy import retention_periods
from app.customers.privacy.labels import format_period
from app.customers.sessions import session_cookie
from app.customers.sessions.session_store import ABSOLUTE_LIMIT
from app.i18n import A_YEAR, LANGUAGE_COOKIE
from app.security import cookie_name
from app.settings import settings_of_app
from app.shop import cart_cookie
from app.shop.carts import GUEST_CART_LIFE
from app.vipps import attempts
from app.vipps.routes import integration

# The data of each scope (Vipps MobilePay Login API guide: scopes), and what this shop uses it for.
SCOPES = {
    "openid": (
        _l("An identifier that stands for you in this shop only (sub)"),
        _l(
            "To recognise you when you come back. It is not a national identity number, and every shop "
            "gets a different one."
        ),
    ),
    "name": (_l("Your name"), _l("To fill in an order, and to make sure that an account is yours.")),
    "phoneNumber": (
        _l("Your phone number"),
        _l("To reach you about an order, and to find an account that you may already have here."),
    ),
    "email": (
        _l("Your email address, and whether it is verified"),
        _l("To send receipts, and to find an account that you may already have here."),
    ),
    "address": (_l("Your addresses"), _l("To choose from at the checkout instead of typing.")),
    "birthDate": (_l("Your date of birth"), _l("To show it on My page. We use it for nothing else.")),
}
CONSENTS = (
    _l("Your answers to the questions about news and offers, with the words that you saw"),
    _l("To send you what you said yes to, and nothing else, and to prove that you did."),
)


@dataclass(frozen=True)
class Cookie:
    """A cookie of this shop: its name, what it is for, and how long the browser keeps it."""

    name: str
    purpose: str
    life: str


@dataclass(frozen=True)
class Retention:
    """A kind of data, how long it is kept and the reason."""

    what: str
    how_long: str
    reason: str


REGISTERED_COOKIES = "registered_cookies"


def register_cookie(app: Flask, cookie: Callable[[], Cookie]) -> None:
    """Add a cookie of a package that the shop does not import."""
    app.extensions.setdefault(REGISTERED_COOKIES, []).append(cookie)


def cookies() -> list[Cookie]:
    """Return every cookie that the shop can set."""
    closed = _("until you close the browser")
    return [
        Cookie(
            cookie_name(cart_cookie.COOKIE),
            _("Remembers your cart. It is set when you add the first product."),
            format_period(GUEST_CART_LIFE),
        ),
        Cookie(
            cookie_name(session_cookie.SESSION_COOKIE),
            _("Keeps you logged in."),
            _("%(closed)s, at most %(time)s", closed=closed, time=format_period(ABSOLUTE_LIMIT)),
        ),
        Cookie(
            current_app.config["SESSION_COOKIE_NAME"],
            _("Makes sure that a form was sent from our own page, and carries a message to the next page."),
            closed,
        ),
        Cookie(
            integration().cookie,
            _("Makes sure that a login with %(brand)s ends in the browser where it started.", brand=_brand()),
            format_period(attempts.LIFETIME),
        ),
        Cookie(
            cookie_name(pending_link.PENDING_COOKIE),
            _("Keeps a login with %(brand)s until you have proved that an account is yours.", brand=_brand()),
            format_period(pending_link.LIFETIME),
        ),
        Cookie(
            cookie_name(LANGUAGE_COOKIE),
            _("Remembers the language that you chose at the foot of a page."),
            format_period(timedelta(seconds=A_YEAR)),
        ),
        *(cookie() for cookie in current_app.extensions.get(REGISTERED_COOKIES, ())),
    ]


def retention() -> list[Retention]:
    """Return which data is kept, for how long, and why."""
    with_account = _("as long as your account")
    contract = _("Needed to provide your account (GDPR, article 6(1)(b)).")
    interest = _("Our and your legitimate interest in account security (article 6(1)(f)).")
    answers = Retention(
        _("Your answers about news and offers"),
        _(
            "as long as your account, then %(time)s without your name",
            time=format_period(retention_periods.consent_proof()),
        ),
        _("We must be able to prove them (article 7(1)) until claims expire (foreldelsesloven, section 2)."),
    )
    return [
        Retention(_("Your details, their history, and what %(brand)s told us", brand=_brand()), with_account, contract),
        Retention(
            _("Your name, your addresses and your phone number on an order"),
            _("until you delete the account, at most %(time)s after the end of the year", time=_orders()),
            _("Needed to deliver the order (article 6(1)(b)) and required for accounting (article 6(1)(c))."),
        ),
        Retention(
            _("The order itself, without your details"),
            _("not limited"),
            _("Required for accounting (bokføringsloven, section 13). It no longer says anything about you."),
        ),
        Retention(
            _("A guest’s cart"), format_period(GUEST_CART_LIFE), _("Needed to keep your cart (article 6(1)(b)).")
        ),
        *([answers] if settings_of_app().consents else []),
        Retention(
            _("What happened to your account: logins, confirmations"),
            format_period(retention_periods.ACTIVITY),
            interest,
        ),
        Retention(_("How your account was set up: login methods and address"), with_account, interest),
        Retention(
            _("Logins that were refused and belong to no account"),
            format_period(retention_periods.UNKNOWN_CUSTOMER_ACTIVITY),
            interest,
        ),
        Retention(
            _("Where you were logged in, after the session has ended"),
            format_period(retention_periods.SESSIONS),
            interest,
        ),
        Retention(
            _("A login with %(brand)s in progress", brand=_brand()),
            format_period(attempts.LIFETIME + attempts.RETENTION),
            _("Needed to log in (article 6(1)(b))."),
        ),
        Retention(
            _("A login with %(brand)s that awaits proof", brand=_brand()),
            format_period(pending_link.LIFETIME),
            _("Needed so that a customer can prove that an account is theirs (article 6(1)(b))."),
        ),
        Retention(_("That a link was emailed to you"), format_period(retention_periods.EMAIL_TOKENS), interest),
        Retention(
            _("A registration that was never confirmed"), format_period(retention_periods.UNUSED_ACCOUNTS), contract
        ),
        Retention(_("That we sent you an email, and its subject"), format_period(retention_periods.MAILS), interest),
        Retention(
            _("The text of an email"),
            format_period(retention_periods.MAILS) if settings_of_app().keeps_mail else _("until it is sent"),
            contract,
        ),
        Retention(
            _("That %(brand)s told us that sharing ended", brand=_brand()),
            format_period(retention_periods.DELIVERIES),
            interest,
        ),
        Retention(
            _("That you saw an error page, and its reference"), format_period(retention_periods.ERRORS), interest
        ),
        Retention(
            _("What our staff viewed or changed in your account"),
            format_period(retention_periods.STAFF_LOOKS),
            interest,
        ),
    ]


def requested_scopes() -> list[tuple[object, object]]:
    """Return the data that Vipps is asked for, each with its purpose."""
    scopes = settings_of_app().scopes
    requested = [SCOPES[scope] for scope in scopes if scope in SCOPES]
    return [*requested, CONSENTS] if settings_of_app().consents else requested


def _orders() -> str:
    return format_period(retention_periods.orders())


def _brand() -> str:
    return settings_of_app().brand

"""What the privacy page says in numbers and names, read from where it is true.

A cookie, a period or a question to Vipps that changes in the code changes on the page, so the page cannot promise what
the software does not do (GDPR, articles 12 to 14; ekomloven, section 3-15).
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

# What each scope brings (Vipps MobilePay Login API guide: scopes), and what this shop does with it.
SCOPES = {
    "openid": (
        _l("A number that stands for you in this shop only (sub)"),
        _l("To know you again. It is no identity number, and no other shop knows you by it."),
    ),
    "name": (_l("Your name"), _l("To fill in an order, and to make sure that an account is yours.")),
    "phoneNumber": (
        _l("Your telephone number"),
        _l("To reach you about an order, and to find the account that you may have here already."),
    ),
    "email": (
        _l("Your e-mail address, and whether it is verified"),
        _l("To send receipts, and to find the account that you may have here already."),
    ),
    "address": (_l("Your addresses"), _l("To choose from at the checkout instead of typing.")),
    "birthDate": (_l("Your date of birth"), _l("To be shown on your page; nothing else is done with it.")),
}
CONSENTS = (
    _l("Your answers to the questions about news and offers, with the words that you saw"),
    _l("To send you what you said yes to, and nothing else, and to be able to prove it."),
)


@dataclass(frozen=True)
class Cookie:
    """A cookie of this shop: its name, what it is for, and how long the browser keeps it."""

    name: str
    purpose: str
    life: str


@dataclass(frozen=True)
class Kept:
    """A kind of data, how long it is kept and the reason."""

    what: str
    how_long: str
    reason: str


COOKIES_OF_OTHERS = "cookies_of_others"


def register_cookie(app: Flask, cookie: Callable[[], Cookie]) -> None:
    """Add a cookie of a part that the shop does not know."""
    app.extensions.setdefault(COOKIES_OF_OTHERS, []).append(cookie)


def cookies() -> list[Cookie]:
    """Return every cookie that a visitor can get."""
    closed = _("until you close the browser")
    return [
        Cookie(
            cookie_name(cart_cookie.COOKIE),
            _("Remembers your cart. It comes with the first thing that you put into it."),
            format_period(GUEST_CART_LIFE),
        ),
        Cookie(
            cookie_name(session_cookie.COOKIE),
            _("Keeps you logged in."),
            _("%(closed)s, %(time)s at most", closed=closed, time=format_period(ABSOLUTE_LIMIT)),
        ),
        Cookie(
            current_app.config["SESSION_COOKIE_NAME"],
            _("Makes sure that a form was sent from our own page, and carries a message to the next one."),
            closed,
        ),
        Cookie(
            integration().cookie,
            _("Makes sure that a login with %(brand)s ends in the browser in which it began.", brand=_brand()),
            format_period(attempts.LIFETIME),
        ),
        Cookie(
            cookie_name(pending_link.PENDING_COOKIE),
            _("Holds a login with %(brand)s until you have proved that an account is yours.", brand=_brand()),
            format_period(pending_link.LIFETIME),
        ),
        Cookie(
            cookie_name(LANGUAGE_COOKIE),
            _("Remembers the language that you chose at the foot of a page."),
            format_period(timedelta(seconds=A_YEAR)),
        ),
        *(cookie() for cookie in current_app.extensions.get(COOKIES_OF_OTHERS, ())),
    ]


def kept() -> list[Kept]:
    """Return what is kept for how long."""
    with_account = _("as long as your account")
    contract = _("It is what having an account means (GDPR, article 6(1)(b)).")
    interest = _("Our and your interest in safe accounts (article 6(1)(f)).")
    return [
        Kept(_("Your details, their history, and what %(brand)s said", brand=_brand()), with_account, contract),
        Kept(
            _("Your name, your addresses and your telephone number on an order"),
            _("until you delete the account, and no longer than %(time)s after the end of the year", time=_orders()),
            _("We have to get it to you (article 6(1)(b)), and the books ask for it (article 6(1)(c))."),
        ),
        Kept(
            _("The order itself, without you"),
            _("not limited"),
            _("The books need it (bokføringsloven, section 13), and it says nothing about you any more."),
        ),
        Kept(_("A guest’s cart"), format_period(GUEST_CART_LIFE), _("It is what a cart is for (article 6(1)(b)).")),
        Kept(
            _("Your answers about news and offers"),
            _(
                "as long as your account, then %(time)s without your name",
                time=format_period(retention_periods.consent_proof()),
            ),
            _("We have to be able to prove them (article 7(1)), until claims lapse (foreldelsesloven, 2)."),
        ),
        Kept(
            _("What happened to your account: logins, confirmations"),
            format_period(retention_periods.ACTIVITY),
            interest,
        ),
        Kept(_("How your account came about: ways in, password, address"), with_account, interest),
        Kept(
            _("Logins that were refused and belong to no account"),
            format_period(retention_periods.UNKNOWN_CUSTOMER_ACTIVITY),
            interest,
        ),
        Kept(_("Where you were logged in, after it has ended"), format_period(retention_periods.SESSIONS), interest),
        Kept(
            _("A login with %(brand)s in progress", brand=_brand()),
            format_period(attempts.LIFETIME + attempts.MEMORY),
            _("Without it nobody can log in (article 6(1)(b))."),
        ),
        Kept(
            _("A login with %(brand)s that waits for proof", brand=_brand()),
            format_period(pending_link.LIFETIME),
            _("Without it nobody can prove that an account is theirs (article 6(1)(b))."),
        ),
        Kept(_("That a link was mailed to you"), format_period(retention_periods.EMAIL_TOKENS), interest),
        Kept(_("A registration that was never confirmed"), format_period(retention_periods.UNUSED_ACCOUNTS), contract),
        Kept(_("Our outbox"), format_period(retention_periods.MAILS), interest),
        Kept(
            _("That %(brand)s told us of an end of sharing", brand=_brand()),
            format_period(retention_periods.DELIVERIES),
            interest,
        ),
        Kept(_("That you saw an error page, and its reference"), format_period(retention_periods.ERRORS), interest),
        Kept(_("That our staff looked at your account"), format_period(retention_periods.STAFF_LOOKS), interest),
    ]


def asked() -> list[tuple[object, object]]:
    """Return what is asked of Vipps: what, and what for."""
    scopes = settings_of_app().scopes
    told = [SCOPES[scope] for scope in scopes if scope in SCOPES]
    return [*told, CONSENTS] if settings_of_app().vipps_consent_scope != "none" else told


def _orders() -> str:
    return format_period(retention_periods.orders())


def _brand() -> str:
    return settings_of_app().brand

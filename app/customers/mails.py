"""The mails about an account, each in its customer's language.

No mail says a name or anything else that somebody typed into a form: whoever registers with a stranger's address must
not be able to send that stranger a text of their own. Links are built from `PUBLIC_URL`, never from the Host header
of the request, which is the sender's to choose.
"""

from flask import render_template, url_for
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app import mail
from app.customers.accounts import has_vipps
from app.customers.models import Customer
from app.settings import settings_of_app

SUBJECTS = {
    "confirm_address": _l("Confirm your e-mail address"),
    "already_registered": _l("You already have an account with us"),
    "reset_password": _l("Choose a new password"),
    "password_set": _l("Your password was changed"),
}


def confirm_address(customer: Customer, token: str) -> None:
    """Mail the link that confirms an address."""
    _send(customer, "confirm_address", link=_link("register.confirm", token=token))


def already_registered(customer: Customer) -> None:
    """Tell the owner of an account that somebody, probably they, tried to register once more."""
    _send(customer, "already_registered", login=_link("login.page"), forgot=_link("password.forgot"))


def reset_password(customer: Customer, token: str) -> None:
    """Mail the link that sets a new password, or a first one."""
    _send(customer, "reset_password", link=_link("password.reset", token=token), login=_link("login.page"))


def password_set(customer: Customer) -> None:
    """Tell the owner that the password is another one now (ASVS 6.3.7)."""
    _send(customer, "password_set", forgot=_link("password.forgot"))


def _send(customer: Customer, kind: str, **context: object) -> None:
    if customer.email is None:
        return
    facts = {"has_password": customer.password_hash is not None, "has_vipps": has_vipps(customer)}
    with force_locale(customer.locale):
        body = render_template(f"mail/{kind}.txt", **facts, **context)
        mail.send(customer.email, str(SUBJECTS[kind]), body, kind)


def _link(endpoint: str, **values: str) -> str:
    return settings_of_app().public_url + url_for(endpoint, _external=False, **values)

"""Send the emails about an account, each in its customer's language.

No email contains a name or another text from a form: an attacker who registers with a victim's address must not be able
to send the victim a text of their own. Links are built from `PUBLIC_URL`, never from the request's Host header, which
the sender controls.

A function of a kind in `ON_REQUEST` returns False, and makes no email, if the address got enough of these.
"""

from flask import render_template, url_for
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app import mail
from app.customers.consents import unsubscribe
from app.customers.lookup import has_vipps
from app.customers.models import Customer
from app.settings import settings_of_app

SUBJECTS = {
    "confirm_address": _l("Confirm your email address"),
    "already_registered": _l("You already have an account with us"),
    "reset_password": _l("Choose a new password"),
    "password_set": _l("Your password was changed"),
    "vipps_connected": _l("A new way to log in to your account"),
    "vipps_disconnected": _l("A way to log in was removed from your account"),
    "support_disconnected": _l("We changed how you log in to your account"),
    "support_connected": _l("We changed how you log in to your account"),
    "sharing_revoked": _l("You stopped sharing, and your account is still here"),
    "taken_over": _l("Your account is yours alone now"),
    "prove_ownership": _l("Is this your account?"),
    "change_email": _l("Confirm your new email address"),
    "address_in_use": _l("An attempt to use your email address"),
    "email_changed": _l("Your email address was changed"),
    "account_deleted": _l("Your account is deleted"),
    "blocked": _l("Your account is blocked for now"),
    "unblocked": _l("Your account is unblocked"),
    "consent_given": _l("You said yes to news by email"),
}


# Emails that anyone can cause who knows the address. The others tell the owner what happened, and are never held back.
ON_REQUEST = frozenset(
    {"confirm_address", "already_registered", "reset_password", "prove_ownership", "change_email", "address_in_use"}
)


def confirm_address(customer: Customer, token: str) -> bool:
    """Mail the link that confirms an address."""
    return _send(customer, "confirm_address", link=_link("register.confirm", token=token))


def already_registered(customer: Customer) -> bool:
    """Tell the owner of an account of another registration with its address, probably their own."""
    return _send(customer, "already_registered", login=_link("login.page"), forgot=_link("password.forgot"))


def reset_password(customer: Customer, token: str) -> bool:
    """Mail the link that sets a new password, or a first one."""
    return _send(customer, "reset_password", link=_link("password.reset", token=token), login=_link("login.page"))


def password_set(customer: Customer) -> None:
    """Tell the owner that the password is another one now (ASVS 6.3.7)."""
    _send(customer, "password_set", forgot=_link("password.forgot"))


def vipps_connected(customer: Customer) -> None:
    """Tell the owner that a Vipps user opens the account from now on (ASVS 6.3.7)."""
    _send(customer, "vipps_connected", account=_link("account.overview"), forgot=_forgot_link())


def vipps_disconnected(customer: Customer) -> None:
    """Tell the owner that no Vipps user opens the account any more (ASVS 6.3.7)."""
    _send(customer, "vipps_disconnected", account=_link("account.overview"))


def support_disconnected(customer: Customer) -> None:
    """Tell the owner that support unlinked the Vipps user (ASVS 6.3.7)."""
    _send(customer, "support_disconnected", forgot=_forgot_link() if customer.email_verified_at else None)


def support_connected(customer: Customer) -> None:
    """Tell the owner that support linked another Vipps user (ASVS 6.3.7)."""
    _send(customer, "support_connected", login=_link("login.page"))


def sharing_revoked(customer: Customer) -> None:
    """Tell a customer who revoked the sharing in the app what stays, and what else they can do (Vipps: webhooks)."""
    _send(
        customer,
        "sharing_revoked",
        login=_link("login.page"),
        forgot=_forgot_link() if customer.email_verified_at else None,
        consents=_link("consents.page"),
        delete=_link("delete.page"),
    )


def taken_over(customer: Customer) -> None:
    """Tell the owner of an address, who has just proved it, what became of the registration that was there."""
    _send(customer, "taken_over", account=_link("account.overview"))


def prove_ownership(customer: Customer, token: str) -> bool:
    """Mail the link that lets a Vipps user, who has just logged in, into this account."""
    return _send(customer, "prove_ownership", link=_link("vipps_account.prove_by_mail", token=token))


def change_email(customer: Customer, new_email: str, token: str) -> bool:
    """Mail the link that makes a new address the account's, to that address."""
    return _send(customer, "change_email", to=new_email, link=_link("email.confirm", token=token))


def address_in_use(owner: Customer) -> bool:
    """Tell the owner of an account that another account, probably also theirs, asked for its address."""
    return _send(owner, "address_in_use", login=_link("login.page"))


def email_changed(customer: Customer, old_email: str) -> None:
    """Tell the former address that it is no longer the account's (ASVS 6.3.7)."""
    _send(customer, "email_changed", to=old_email)


def account_deleted(customer: Customer) -> None:
    """Tell the owner that the account is gone (ASVS 6.3.7); call it before the account is deleted."""
    _send(customer, "account_deleted")


def blocked(customer: Customer) -> None:
    """Tell the owner that the shop has closed the account."""
    _send(customer, "blocked")


def unblocked(customer: Customer) -> None:
    """Tell the owner that the account can be used again."""
    _send(customer, "unblocked")


def consent_given(customer: Customer) -> None:
    """Tell the owner of an address that news will come to it, with the link that ends it."""
    ends = unsubscribe.address(customer, "email")
    _send(customer, "consent_given", headers=unsubscribe.headers(customer, "email"), link=ends)


def _send(
    customer: Customer, kind: str, to: str | None = None, headers: dict[str, str] | None = None, **context: object
) -> bool:
    address = to or customer.email
    if address is None:
        return False
    facts = {"has_password": customer.has_password, "has_vipps": has_vipps(customer)}
    with force_locale(customer.locale):
        body = render_template(f"mail/{kind}.txt", **facts, **context)
        return mail.send(address, str(SUBJECTS[kind]), body, kind, headers, limited=kind in ON_REQUEST)


def _forgot_link() -> str | None:
    """Return the link to the page that sets a password; None in a shop without passwords."""
    return _link("password.forgot") if settings_of_app().passwords else None


def _link(endpoint: str, **values: str) -> str:
    return settings_of_app().public_url + url_for(endpoint, _external=False, **values)

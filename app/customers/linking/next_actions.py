"""Where a person can go from a login that was refused: the ways that help in this case, the best one first."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from app.about import EMAIL
from app.customers.models import Customer
from app.vipps.errors import REFUSALS
from app.vipps.pages import OUR_MISTAKE
from app.vipps.purposes import Purpose

# What would be refused once more, because it is about an account or about what the shop asks for; and what somebody
# else began, so that it is not for this person to begin again.
NO_RETRY = {
    "account_blocked",
    "linked_elsewhere",
    "members_only",
    "not_confirmed_in_app",
    "other_subject",
    "session_changed",
    "several_accounts",
    *(code for code, refusal in REFUSALS.items() if refusal.page is OUR_MISTAKE),
}


@dataclass(frozen=True)
class Action:
    """A link; without a label it is the Vipps button, with `href` for where the login leads.

    `members` says that the login makes no account.
    """

    href: str
    label: str = ""
    members: bool = False


def actions_after_refusal(
    code: str, customer: Customer | None, next_path: str, reference: str, purpose: Purpose | None
) -> Sequence[Action]:
    """Return the ways on from a refusal, for who is logged in or for nobody; the purpose is None if it is not known."""
    if customer is not None:
        page = Action(url_for("account.overview"), _("Go to my page"))
        again = _again(code, purpose, next_path)
        if code == "vipps_resting":
            return [page, *again]
        return [*_confirm_otherwise(code, customer, next_path), *again, page]
    by_login_page = Action(url_for("login.page", next=next_path), _("Log in another way"))
    button = Action(next_path, members=purpose is Purpose.MEMBERS)
    match code:
        case "account_blocked":
            return [Action(f"mailto:{EMAIL}?subject={reference}", _("Write to %(email)s", email=EMAIL))]
        case "members_only":
            return [Action(url_for("register.show", next=next_path), _("Create an account")), by_login_page]
        case "several_accounts" | "other_subject":
            then = url_for("vipps_account.link" if code == "several_accounts" else "account.overview")
            return [
                Action(url_for("login.page", next=then), _("Log in with your password")),
                Action(url_for("password.forgot"), _("Get a link by mail")),
            ]
        case "vipps_resting":
            return [by_login_page, button]
    return [button, by_login_page]


def back_action(is_logged_in: bool, next_path: str) -> Action:
    """Return the way back to where the person was before the login."""
    if next_path == "/checkout":
        return Action("/cart", _("Back to your cart"))
    if is_logged_in:
        return Action("/", _("Go to the shop"))
    return Action(next_path, _("Go back without logging in"))


def _again(code: str, purpose: Purpose | None, next_path: str) -> Sequence[Action]:
    """Return the way for who is logged in to try the same once more, if that can help.

    What was begun for their account begins again on its own page: the Vipps button would log in whoever comes back,
    perhaps to another account. So it is there only after what is known to have been a login, and anybody can open a
    callback's address in somebody else's browser.
    """
    if code in NO_RETRY:
        return []
    match purpose:
        case Purpose.CONNECT:
            return [Action(url_for("vipps_account.link"), _("Begin again"))]
        case Purpose.REFRESH:
            return [Action(url_for("profile.page"), _("Begin again"))]
        case Purpose.CONFIRM:
            return [Action(url_for("confirm.page", next=next_path), _("Begin again"))]
        case Purpose.LOG_IN | Purpose.MEMBERS:
            return [Action(next_path, members=purpose is Purpose.MEMBERS)]
    return []


def _confirm_otherwise(code: str, customer: Customer, next_path: str) -> Sequence[Action]:
    if code != "not_confirmed_in_app":
        return []
    if customer.password_hash:
        return [Action(url_for("confirm.page", next=next_path), _("Confirm with your password"))]
    return [Action(url_for("password.change"), _("Set a password"))]

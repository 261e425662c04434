"""The messages after a Vipps login, and the actions offered after a refusal, the most helpful one first."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.about import EMAIL
from app.customers.models import Activity, Customer
from app.customers.profile.from_vipps import Refreshed
from app.customers.sessions.reauthentication import has_proof_without_vipps
from app.settings import settings_of_app
from app.text_tables import text_table
from app.vipps.errors import REFUSAL_PAGES, REFUSALS, Refusal
from app.vipps.matching import Verdict
from app.vipps.purposes import CONFIRMATIONS, LoginPurpose

WELCOMES = text_table("customers", "welcomes")
WITH_LINK = Markup('{} <a href="{}">{}</a>')
# Reasons for not choosing an account that has the person's verified number.
EARLIER_ACCOUNT = frozenset({"number_moved_on", "number_changed_hands"})
# Refusals for which "try again" is not offered: retrying cannot help, or another user began the login.
NO_RETRY = {
    *("account_blocked", "linked_elsewhere", "members_only", "not_confirmed_in_app", "other_subject"),
    *("session_changed", "several_accounts"),
    *(code for code, refusal in REFUSALS.items() if refusal.page is REFUSAL_PAGES["our_mistake"]),
}


def is_about_earlier_account(reasons: Sequence[str]) -> bool:
    """Tell whether the person may have an earlier account, for example by a changed subject.

    Vipps has just verified the number as this person's, so an attacker learns nothing about other people's numbers.
    """
    return not EARLIER_ACCOUNT.isdisjoint(reasons)


def greet(customer: Customer, line: Activity, *, news: bool) -> None:
    """Show whose account this is and the decision. It makes no query, because the login must not fail any more."""
    brand, my_page = settings_of_app().brand, url_for("account.overview")
    text = _(WELCOMES[str(line.decision)], name=customer.name or _("our guest"), brand=brand)
    explained = WITH_LINK.format(text, url_for("account.why", activity_id=line.id), _("Why?"))
    # A browser that Vipps remembers logs in the person who used it last (Vipps Login API FAQ: remembered browser).
    flash(WITH_LINK.format(explained, my_page, _("Not you?")), "success")
    if line.decision == Verdict.CREATE and is_about_earlier_account(line.reasons):
        text = _("Another account here has, or had, your verified phone number.")
        flash(WITH_LINK.format(text, my_page, _("Is it yours?")), "info")
    if news:
        text = _("Your details in %(brand)s have changed.", brand=brand)
        flash(WITH_LINK.format(text, url_for("profile.page"), _("Choose what to keep")), "info")


def announce_refresh(refreshed: Refreshed) -> None:
    """Show the result of a refresh that the customer requested."""
    brand, level = settings_of_app().brand, "info" if refreshed.proposed else "success"
    if refreshed.proposed:
        text = _("Your details in %(brand)s have changed. Choose below what to keep.", brand=brand)
    elif refreshed.news:
        text = _("Your details in %(brand)s have changed. “What changed” below says what we changed here.", brand=brand)
    else:
        text = _("We asked %(brand)s, and nothing has changed.", brand=brand)
    flash(text, level)


@dataclass(frozen=True)
class Action:
    """A link. Without a label it is the Vipps button; with `members` its login creates no account."""

    href: str
    label: str = ""
    members: bool = False


def actions_after_refusal(
    code: str, customer: Customer | None, next_path: str, reference: str, purpose: LoginPurpose | None
) -> Sequence[Action]:
    """Return the actions after a refusal. `customer` is None if logged out, `purpose` is None if unknown."""
    if customer is not None:
        page = Action(url_for("account.overview"), _("Go to my page"))
        again = _again(code, purpose, next_path)
        if code == "vipps_resting" and purpose not in CONFIRMATIONS:
            return [page, *again]
        return [*_confirm_otherwise(code, customer, next_path, purpose), *again, page]
    by_login_page = Action(url_for("login.page", next=next_path), _("Log in another way"))
    button, passwords = Action(next_path, members=purpose is LoginPurpose.MEMBERS), settings_of_app().passwords
    match code:
        case "members_only" if passwords:
            return [Action(url_for("register.show", next=next_path), _("Create an account")), by_login_page]
        case "account_blocked" | "several_accounts" | "other_subject" if code == "account_blocked" or not passwords:
            return [Action(f"mailto:{EMAIL}?subject={reference}", _("Write to %(email)s", email=EMAIL))]
        case "several_accounts" | "other_subject":
            then = url_for("vipps_account.link" if code == "several_accounts" else "account.overview")
            return [
                Action(url_for("login.page", next=then), _("Log in with your password")),
                Action(url_for("password.forgot"), _("Get a link by email")),
            ]
        case _ if code == "vipps_resting" or (code in REFUSALS and REFUSALS[code].page is REFUSAL_PAGES["our_mistake"]):
            return [by_login_page, button]
    return [button, by_login_page]


def is_without_a_way(refusal: Refusal, customer: Customer | None, purpose: LoginPurpose | None) -> bool:
    """Tell whether a customer must re-authenticate by Vipps, cannot do so now, and has no other proof."""
    if customer is None or purpose not in CONFIRMATIONS or has_proof_without_vipps(customer):
        return False
    return refusal.status >= 500 or refusal.code == "not_confirmed_in_app"


def back_action(is_logged_in: bool, next_path: str) -> Action:
    """Return the link back to the page before the login."""
    if next_path == "/checkout":
        return Action("/cart", _("Back to your cart"))
    if is_logged_in:
        return Action("/", _("Go to the shop"))
    return Action(next_path, _("Go back without logging in"))


def _again(code: str, purpose: LoginPurpose | None, next_path: str) -> Sequence[Action]:
    """Return the action to try again, for a logged-in customer, if a retry can help.

    A login for the account begins again on the account's page. The Vipps button would log in any Vipps user, so it is
    shown only if the purpose was to log in: an attacker can open a callback's URL in another user's browser.
    """
    if code in NO_RETRY:
        return []
    match purpose:
        case LoginPurpose.CONNECT:
            page = url_for("vipps_account.link")
        case LoginPurpose.REFRESH:
            page = url_for("profile.page")
        case LoginPurpose.CONFIRM | LoginPurpose.CONFIRM_BY_LOGIN:
            page = url_for("confirm.page", next=next_path)
        case LoginPurpose.LOG_IN | LoginPurpose.MEMBERS:
            return [Action(next_path, members=purpose is LoginPurpose.MEMBERS)]
        case _:
            return []
    return [Action(page, _("Start again"))]


def _confirm_otherwise(code: str, customer: Customer, next_path: str, purpose: LoginPurpose | None) -> Sequence[Action]:
    """Return the action to re-authenticate without Vipps, if there is one, after re-authentication by Vipps failed."""
    if code != "not_confirmed_in_app" and purpose not in CONFIRMATIONS:
        return []
    if customer.has_password:
        return [Action(url_for("confirm.page", next=next_path), _("Confirm with your password"))]
    if has_proof_without_vipps(customer):
        return [Action(url_for("password.change"), _("Set a password"))]
    if code == "not_confirmed_in_app":
        return [Action(f"mailto:{EMAIL}", _("Write to %(email)s", email=EMAIL))]
    return []

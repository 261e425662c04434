"""The activity list in plain words: what happened, by which way, and what a decision meant."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.customers.activity.account_activity import Kind
from app.customers.models import Activity, LoginMethod
from app.settings import settings_of_app
from app.vipps.matching import Verdict
from app.vipps.reasons import REASONS

KINDS = {
    Kind.LOGGED_IN: _l("You logged in"),
    Kind.LOGIN_HELD: _l("A %(brand)s user matched your account and was asked to prove that it is theirs"),
    Kind.LOGIN_REFUSED: _l("A login with %(brand)s was refused"),
    Kind.CONFIRMED: _l("You confirmed that it was you"),
    Kind.CONNECTED_HERE: _l("You connected %(brand)s on My page"),
    Kind.VIPPS_CONNECTED: _l("%(brand)s was connected"),
    Kind.VIPPS_DISCONNECTED: _l("%(brand)s was disconnected"),
    Kind.SUPPORT_DISCONNECTED: _l("Our support disconnected %(brand)s"),
    Kind.SUPPORT_CONNECTED: _l("Our support connected another %(brand)s user"),
    Kind.SUPPORT_MOVED: _l("Our support moved your %(brand)s login to another account"),
    Kind.ADDRESS_CONFIRMED: _l("The email address was confirmed"),
    Kind.TAKEN_OVER: _l("The account is now yours alone: its old password and old sessions were ended"),
    Kind.PASSWORD_SET: _l("The password was set"),
    Kind.EMAIL_CHANGE_ASKED: _l("A change of the email address was requested"),
    Kind.EMAIL_CHANGED: _l("The email address was changed"),
    Kind.PROFILE_CHANGED: _l("Your details were changed"),
    Kind.REFRESH_POLICY_CHANGED: _l("You chose what happens when something changes at %(brand)s"),
    Kind.SHARING_REVOKED: _l("%(brand)s told us that you no longer share your details with us"),
    Kind.CONSENT_GIVEN: _l("You said yes to news or offers from us"),
    Kind.CONSENT_WITHDRAWN: _l("You said no to news or offers from us"),
    Kind.DATA_EXPORTED: _l("A copy of everything about you was made"),
    Kind.SESSION_ENDED: _l("Another browser was logged out"),
    Kind.SESSIONS_ENDED: _l("Every other browser was logged out"),
    Kind.BLOCKED: _l("The shop blocked the account"),
    Kind.UNBLOCKED: _l("The shop unblocked the account"),
}
METHODS: dict[str, object] = {LoginMethod.PASSWORD: _l("Password"), LoginMethod.MAIL: _l("Link by email")}
VERDICTS = {
    Verdict.KNOWN_SUBJECT: _l("This is your account, so you were logged in."),
    Verdict.LINK_AND_LOG_IN: _l("You already had an account here. It was connected, and you were logged in."),
    Verdict.LINK: _l("The account was connected to this %(brand)s user."),
    Verdict.CREATE: _l("A new account was created for you."),
    Verdict.PROVE_OWNERSHIP: _l("The account may be theirs, so we asked for proof first."),
    Verdict.SEVERAL_ACCOUNTS: _l("More than one account matched, so none was opened."),
    Verdict.OTHER_SUBJECT: _l("The account is connected to another %(brand)s user, so it was not opened."),
    Verdict.LINKED_ELSEWHERE: _l("This %(brand)s user is connected to another account, so nothing was connected."),
    Verdict.OTHER_PERSON: _l("It was a different %(brand)s user from yours, so nothing was done."),
    Verdict.MEMBERS_ONLY: _l("No account was yours, and that login creates none, so nothing was stored."),
    Verdict.ACCOUNT_BLOCKED: _l("The account is blocked, so it was not opened."),
}


def describe_activity(line: Activity) -> str:
    """Return what happened."""
    return str(KINDS[Kind(line.kind)]) % {"brand": settings_of_app().brand}


def login_method(method: str | None) -> str:
    """Return the way of a login as people call it; an empty string if there was none."""
    if method == LoginMethod.VIPPS:
        return settings_of_app().brand
    return str(METHODS.get(method or "", ""))


def describe_decision(line: Activity) -> str:
    """Return what was decided, or an empty string."""
    return str(VERDICTS[Verdict(line.decision)]) % {"brand": settings_of_app().brand} if line.decision else ""


def describe_reasons(names: Sequence[str]) -> list[str]:
    """Return the reasons of a decision in words; one that is no longer given is left out."""
    brand = settings_of_app().brand
    return [_(REASONS[name], brand=brand) for name in names if name in REASONS]

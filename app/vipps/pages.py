"""What a person is told when a login ends early: texts that several refusals share.

They are gettext message ids, translated where they are shown, and may use `%(brand)s`.
"""

from dataclasses import dataclass


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools know for "translate later"
    """Mark a message for extraction; it is translated where it is shown."""
    return message


@dataclass(frozen=True)
class RefusalPage:
    """What a person is told: what happened, and what to do now."""

    title: str
    explanation: str


CANCELLED = RefusalPage(
    N_("The login was cancelled"),
    N_(
        "It was stopped at %(brand)s. Nothing was shared with us, and nothing has changed. "
        "You can try again, or log in another way."
    ),
)
TRY_AGAIN = RefusalPage(
    N_("The login was not completed"),
    N_("It stopped before %(brand)s could tell us who you are. Please try again, or log in another way."),
)
PROVIDER_TROUBLE = RefusalPage(
    N_("%(brand)s has a problem right now"),
    N_("It is not your fault. Please try again in a moment, or log in another way. Your cart is safe."),
)
PROVIDER_SLOW = RefusalPage(
    N_("%(brand)s does not answer"),
    N_("%(brand)s took too long to answer. Please try again in a moment, or log in another way."),
)
RESTING = RefusalPage(
    N_("%(brand)s does not answer right now"),
    N_(
        "It did not answer several times in a row, so we wait a few seconds before we ask again. "
        "Please log in another way, or try again in a moment. Your cart is safe."
    ),
)
BUSY = RefusalPage(
    N_("Many people are logging in right now"),
    N_("Please try again in a few seconds, or log in another way. Your cart is safe."),
)
COUNTER = RefusalPage(
    N_("The customer was not enrolled"), N_("Nothing was stored. %(brand)s is only one way to become a customer.")
)
PAUSE = RefusalPage(
    N_("Please wait a moment"), N_("There were too many attempts in a short time. Please wait a little and try again.")
)
OUR_MISTAKE = RefusalPage(
    N_("Logging in with %(brand)s is not working here"),
    N_("The fault is on our side, and we have been told. Please log in another way for now."),
)
NOT_CONFIRMED = RefusalPage(
    N_("We could not confirm this login"),
    N_("The answer we received did not pass our checks, so no login took place. Please start again."),
)
OLD_APP = RefusalPage(
    N_("Your %(brand)s app needs an update"), N_("Update the app, then try again. You can also log in another way.")
)
WRONG_NUMBER = RefusalPage(
    N_("The number did not match"),
    N_(
        "Start again and choose the number that this screen shows. "
        "If you did not start the login yourself, reject it in the app."
    ),
)
TOO_LATE = RefusalPage(
    N_("The login took too long"),
    N_("A login has to be finished within 15 minutes. Nothing was changed. Please start again."),
)
ALREADY_USED = RefusalPage(
    N_("This login has already been used"),
    N_("Each login link works once. If you are not logged in now, please start again."),
)
UNKNOWN_LOGIN = RefusalPage(
    N_("We do not know this login"),
    N_("The link is incomplete, very old, or was not made by this shop. Please start again."),
)
OTHER_BROWSER = RefusalPage(
    N_("Please finish in the browser where you started"),
    N_(
        "This login was started in another browser, or this browser does not accept cookies. Go back "
        "to the other browser, or start again here."
    ),
)
DATABASE_DOWN = RefusalPage(
    N_("We could not finish the login"),
    N_("Our own database did not answer. Nothing was changed. Please try again in a moment."),
)
SESSION_CHANGED = RefusalPage(
    N_("Another customer is logged in now"),
    N_("Another customer logged in here while you were at %(brand)s, so nothing was done. Please start again."),
)
NO_APP_CONFIRMATION = RefusalPage(
    N_("This was not confirmed in the app"),
    N_("%(brand)s logged you in without asking in the app, so we changed nothing. Please confirm in another way."),
)
SEVERAL_ACCOUNTS = RefusalPage(
    N_("You seem to have more than one account here"),
    N_(
        "We don’t guess which is yours. Please log in with your password once and connect %(brand)s on "
        "My page. After that you can log in with %(brand)s."
    ),
)
OTHER_SUBJECT = RefusalPage(
    N_("That account is connected to another %(brand)s user"),
    N_(
        "An account can be connected to one %(brand)s user only. To use this one, log in with your "
        "password or by an emailed link, disconnect the other one on My page, and connect this one."
    ),
)
LINKED_ELSEWHERE = RefusalPage(
    N_("This %(brand)s user is connected to another account here"),
    N_(
        "Neither account was changed. If both are yours: log out here, log in with %(brand)s, and disconnect it on "
        "that account’s page, or delete that account if you do not need it. Then log in to this account again and "
        "connect it."
    ),
)
OTHER_PERSON = RefusalPage(
    N_("That was another %(brand)s user"),
    N_(
        "Your account is connected to a different %(brand)s user, so nothing was changed. Please try "
        "again as that person. If %(brand)s remembers this browser for another person, they can stop "
        "it in the app: Profile → Personal information → Browsers that remember you → Log out."
    ),
)
MEMBERS_ONLY = RefusalPage(
    N_("This is for members"),
    N_(
        "%(brand)s told us who you are, but you have no account here yet. Nothing was stored. Create "
        "an account first, then come back."
    ),
)
ACCOUNT_BLOCKED = RefusalPage(
    N_("This account is blocked for now"),
    N_("We have blocked it. Please write to us and give the reference number below. We will sort it out together."),
)
PROOF_SPENT = RefusalPage(
    N_("This link no longer works"),
    N_("It has been used or is more than an hour old. Nothing was changed. Please log in with %(brand)s again."),
)

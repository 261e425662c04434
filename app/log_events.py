"""Every event that the shop logs: its name, what it means, and how much it matters.

Whoever sets an alarm or counts lines does it by these names, so they are one list and change only here; a test holds
that each is logged somewhere and that nothing else is. `ROUTINE` is the shop at work, `NOTICE` is worth a graph (one is
a person, a thousand are an attack or an outage), and `ALARM` is for somebody to mend now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Interest(StrEnum):
    """How much an event matters to who runs the shop."""

    ROUTINE = "routine"
    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True)
class Event:
    """What a line of this name says."""

    interest: Interest
    meaning: str


def _all(interest: Interest, **meanings: str) -> dict[str, Event]:
    return {name: Event(interest, meaning) for name, meaning in meanings.items()}


EVENTS: Mapping[str, Event] = {
    **_all(
        Interest.ROUTINE,
        request="A request was answered; one line for each, with its route and never its query.",
        logged_in="Somebody was let in, by which method and, with Vipps, by which decision.",
        logged_out="A customer ended the session of their browser.",
        registered="A registration form was accepted; the line is the same for an address that has an account.",
        confirmed="A customer confirmed that it is them, before something that matters.",
        vipps_login_held="A Vipps login waits for the proof that an account is theirs.",
        vipps_connected="A Vipps user was connected to an account.",
        vipps_disconnected="A Vipps user was disconnected from an account.",
        proof_mailed="A link that proves an account was asked for.",
        profile_refreshed="A customer let the shop ask Vipps for what is new.",
        profile_edited="A customer changed their profile; the line names the fields.",
        proposals_decided="A customer decided about what Vipps says differently.",
        refresh_policy_chosen="A customer chose what a login may change in their profile.",
        reset_requested="A link to a new password was asked for.",
        password_changed="A password was changed.",  # noqa: S106 - the name of an event
        email_change_asked="A customer asked for another e-mail address.",
        email_changed="An e-mail address was changed.",
        session_ended="A customer ended one of their sessions.",
        sessions_ended="A customer ended their other sessions.",
        consents_changed="A customer answered consent questions in the shop.",
        unsubscribed="A mail's link ended a consent.",
        data_exported="A customer took a copy of their data.",
        account_deleted="A customer was erased, by themselves or by `flask erase`; after a restore, again by number.",
        order_placed="An order was placed.",
        order_placed_again="The form of an order came twice, and led to the same order.",
        mail_sent="A mail was handed to the mail server.",
        staff_logged_in="Somebody logged in to the back office.",
        staff_logged_out="Somebody logged out of the back office.",
        audience_exported="Somebody exported the addresses of a channel.",
        # stage: begin
        demo_started_over="A visitor of the demo set it back to its beginning.",
        # stage: end
    ),
    **_all(
        Interest.NOTICE,
        vipps_login_refused="A Vipps login ended early; `refusal` names how, and the level says whether to mend it.",
        login_refused="A password login was refused.",
        confirmation_refused="A wrong password was given where one has to confirm.",
        staff_login_refused="A login to the back office was refused.",
        csrf_refused="A form came without a valid token: a page that was open for too long, or another site's.",
        webhook_delivery="An event came to the webhook; `outcome` says what it led to.",
        claims_unreadable="Vipps sent claims of a form that is not known; the line names them.",
        visit_not_noted="The database was too busy to note that a session was used.",
        error_not_reported="The database was too busy to keep what a reference number stands for.",
        library_message="A library logged something; the line has its template, without the values.",
    ),
    **_all(
        Interest.ALARM,
        unexpected_error="Nobody foresaw this; the line has the trace.",
        http_error="A page ended with a status of 500 or more.",
        database_error="The database failed during a request; nothing was kept of it.",
        database_unreachable="A health check found the database gone, read-only or without its tables.",
        picture_missing="A product's picture cannot be read; its pages show a placeholder.",
        mail_failed="The mail server did not take a mail.",
        # stage: begin
        inspection_failed="The demo's inspector failed; the login that it watched did not.",
        # stage: end
    ),
}

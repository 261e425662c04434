"""List every event that the shop logs: its severity, its meaning, and the fields that its line may have.

Nothing else is logged: `logging.keep_listed_fields` drops every field that is not listed here, so a new field is a
decision, made in this file (ASVS 16.2.5). List no field whose value can be a secret or personal data. Alerts and
dashboards use these names.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much an event matters to the operator."""

    INFO = "info"
    """The shop at work."""
    NOTICE = "notice"
    """Worth a graph: one is a customer, a thousand are an attack or an outage."""
    ALERT = "alert"
    """An operator has to act now."""


@dataclass(frozen=True)
class Event:
    """What a line with this event means, and the names of its fields."""

    severity: Severity
    meaning: str
    fields: frozenset[str]


def _events(severity: Severity, **events: tuple[str, str]) -> dict[str, Event]:
    return {name: Event(severity, meaning, frozenset(fields.split())) for name, (meaning, fields) in events.items()}


# Every line has these as well, where they apply; `logging` sets them.
COMMON_FIELDS = frozenset({"level", "timestamp", "reference", "request_id", "exception"})

EVENTS: dict[str, Event] = {
    **_events(
        Severity.INFO,
        request=("A request was answered: one line each, with the route, never the query.", "method route status ms"),
        logged_in=(
            "A customer logged in. `decision` is the outcome of the account matching, if it was with Vipps.",
            "method customer decision",
        ),
        logged_out=("A customer logged out in one browser.", "customer"),
        registered=("A registration form was accepted, whether or not the address has an account already.", ""),
        confirmed=("A customer re-authenticated before an action that needs it.", "customer method"),
        vipps_login_pending=(
            "A Vipps login waits for the proof that the account is the customer's.",
            "decision reasons",
        ),
        vipps_connected=("A Vipps user was linked to an account.", "customer decision"),
        vipps_disconnected=("A Vipps user was unlinked from an account.", "customer"),
        proof_mailed=("A customer asked for an email with a link that proves that an account is theirs.", ""),
        profile_refreshed=("A customer let the shop get their current profile from Vipps.", "customer"),
        profile_edited=("A customer changed the `fields` of their profile.", "customer fields"),
        proposals_decided=(
            "A customer accepted or declined changes that came from Vipps, by the names of the fields.",
            "taken kept held_elsewhere",
        ),
        refresh_policy_chosen=("A customer chose what a Vipps login may change in their profile.", "customer policy"),
        reset_requested=("A customer asked for a link to a new password.", ""),
        password_changed=("A password was changed.", "customer"),
        email_change_asked=("A customer asked to change their email address.", "customer"),
        email_changed=("An email address was changed.", "customer"),
        session_ended=("A customer ended one of their other sessions.", "customer"),
        sessions_ended=("A customer ended all their other sessions.", "customer"),
        consents_changed=("A customer gave or withdrew consents in the shop.", "customer granted changed"),
        unsubscribed=("A customer withdrew a consent by the link in an email.", "customer consent one_click"),
        data_exported=("A customer downloaded a copy of their data.", "customer bytes"),
        account_deleted=("An account was erased: by its customer, or by an operator with `flask erase`.", "customer"),
        order_placed=("An order was placed.", "order"),
        order_placed_again=("An order form was sent twice. It led to the same order.", "order"),
        mail_sent=("The mail server accepted an email.", "kind"),
        staff_logged_in=("A member of staff logged in to the back office.", "staff"),
        staff_logged_out=("A member of staff logged out of the back office.", "staff"),
        support_disconnected=("Support unlinked a customer's Vipps user.", "staff customer reason"),
        support_reconnected=(
            "Support linked another Vipps user to an account; `moved_from` is the account that it opened before.",
            "staff customer reason moved_from",
        ),
        audience_exported=("A member of staff exported the audience of a channel.", "staff channel people"),
    ),
    **_events(
        Severity.NOTICE,
        vipps_login_refused=(
            "A Vipps login was refused. `refusal` says why; the level says whether an operator has to act.",
            "refusal detail cause",
        ),
        login_refused=("A login with a password was refused.", "method too_many blocked"),
        confirmation_refused=("A customer gave a wrong password for a re-authentication.", "method"),
        staff_login_refused=("A login to the back office was refused.", ""),
        order_refused=("A customer wanted to order more than one customer may within an hour.", "customer"),
        host_refused=(
            "A request named another `host` than PUBLIC_URL does; `expected` is the one of the setting.",
            "host expected",
        ),
        csrf_refused=("A form had no valid CSRF token: an expired page, or another site's form.", "reason"),
        webhook_delivery=("The webhook received an event. `outcome` says what it led to.", "outcome"),
        consent_without_channel=(
            "Vipps sent an answer whose consent id belongs to no channel (VIPPS_CONSENT_CHANNELS).",
            "consent",
        ),
        phone_verification_moved=("A verified phone number moved to the customer who verified it last.", "customer"),
        mail_postponed=(
            "The mail server did not take an email for now; there will be another attempt. Many are an outage.",
            "kind error failures",
        ),
        mail_over_limit=("An email was not made, because its recipient got too many within an hour.", "kind"),
        claims_unreadable=("Vipps sent claims in an unknown format. `problems` are their names.", "problems"),
        visit_not_recorded=("The database was too busy to record that a session was used.", "error"),
        error_not_reported=("The database was too busy to store the error behind a reference number.", "error"),
        library_message=(
            "A library logged a message. `says` is its template, without the values; `at` is where.",
            "library says at",
        ),
    ),
    **_events(
        Severity.ALERT,
        unexpected_error=("An exception that the code does not handle; `exception` has the traceback.", "error"),
        http_error=("A page was answered with a status of 500 or more.", "status"),
        database_error=("The database failed during a request, and the transaction was rolled back.", "error"),
        database_unreachable=(
            "A health check could not reach or write the database, or its tables are missing.",
            "error",
        ),
        picture_missing=("A product picture cannot be read; pages show a placeholder.", "path"),
        mail_failed=(
            "An email is given up: the mail server refused it, or took it at no attempt. It will not arrive.",
            "kind error failures",
        ),
        mail_sender_failed=("The thread that sends emails could not read or write the outbox. It goes on.", ""),
    ),
}

"""The words of the readable copy, and periods as people say them."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

DAY, YEAR = timedelta(days=1), timedelta(days=365)
LEAP_DAYS = 2  # at most, in the periods of the law

LABELS = {
    "name": _l("Name"),
    "given_name": _l("Given name"),
    "family_name": _l("Family name"),
    "email": _l("Email address"),
    "email_verified": _l("Email address verified"),
    "email_verified_at": _l("Email address confirmed"),
    "phone_number": _l("Phone"),
    "phone_verified_at": _l("Phone confirmed"),
    "birthdate": _l("Date of birth"),
    "address": _l("Delivery address"),
    "addresses": _l("Addresses"),
    "street": _l("Street"),
    "postal_code": _l("Postal code"),
    "region": _l("Town"),
    "country": _l("Country"),
    "type": _l("Kind"),
    "has_password": _l("A password is set"),
    "refresh_policy": _l("What happens when something changes at %(brand)s"),
    "locale": _l("Language"),
    "language": _l("Language"),
    "created_at": _l("Created"),
    "blocked_at": _l("Blocked"),
    "consents_asked_at": _l("Asked about news and offers"),
    "subject": _l("Your %(brand)s identifier in this shop (sub)"),
    "linked_at": _l("Connected"),
    "shared_at": _l("Shared at the latest login"),
    "sharing_revoked_at": _l("Sharing ended"),
    "vipps_said": _l("What %(brand)s told us at the latest login"),
    "received_at": _l("Received"),
    "latest_at": _l("Last received"),
    "method": _l("Method"),
    "user_agent": _l("Browser"),
    "last_seen_at": _l("Last seen"),
    "expires_at": _l("Expires"),
    "ended_at": _l("Ended"),
    "ended_reason": _l("Why it ended"),
    "confirmed_at": _l("You confirmed that it was you"),
    "at": _l("When"),
    "what": _l("What happened"),
    "decided": _l("Decision"),
    "because": _l("Why"),
    "reference": _l("Reference"),
    "field": _l("What"),
    "before": _l("Before"),
    "after": _l("After"),
    "source": _l("Where"),
    "state": _l("Effect here"),
    "decided_at": _l("Decided"),
    "purpose": _l("Purpose"),
    "used_at": _l("Used or ended"),
    "consent_id": _l("Purpose"),
    "granted": _l("Yes"),
    "required": _l("Required"),
    "text": _l("Text"),
    "heading": _l("Heading"),
    "description": _l("Full text shown"),
    "links": _l("Links"),
    "title": _l("Title"),
    "url": _l("Web address"),
    "given_at": _l("Given (by the app’s clock)"),
    "effective_at": _l("Valid from"),
    "answers": _l("Answers"),
    "object_hash_is": _l("What “SHA-256 of the object” is"),
    "object_hash": _l("SHA-256 of the object"),
    "evidence": _l("The object as received"),
    "recipient": _l("To"),
    "sent_at": _l("Sent"),
    "outcome": _l("Result"),
    "event_at": _l("Time"),
    "times": _l("Count"),
}
# Names for programs, which the words beside them say better.
FOR_PROGRAMS = frozenset({"kind", "decision", "reasons", "id", "issuer", "client_id"})
# Kept as it came, so shown as it came.
RAW = frozenset({"evidence"})
AMOUNTS = frozenset({"total", "unit_price", "sum"})


def format_period(period: timedelta) -> str:
    """Write how long a period is, in its largest whole unit: "3 years", "90 days", "15 minutes"."""
    years, rest = divmod(period, YEAR)
    if years and rest <= min(LEAP_DAYS, years) * DAY:
        return str(ngettext("%(num)s year", "%(num)s years", years))
    if not period % DAY:
        return str(ngettext("%(num)s day", "%(num)s days", period // DAY))
    if not period % timedelta(hours=1):
        return str(ngettext("%(num)s hour", "%(num)s hours", period // timedelta(hours=1)))
    return str(ngettext("%(num)s minute", "%(num)s minutes", period // timedelta(minutes=1)))

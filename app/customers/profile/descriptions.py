"""Describe a profile's changes in words, and how long ago an event was."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any

from flask_babel import format_datetime, format_timedelta, to_user_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.customers.accounts import phone_number
from app.customers.accounts.postal_address import KINDS, from_parts, label_lines, one_label
from app.customers.models import ProfileChange
from app.database import utcnow
from app.i18n import language, time_format

LABELS = {
    "name": _l("Name"),
    "email": _l("Email address"),
    "phone_number": _l("Phone"),
    "address": _l("Delivery address"),
    **KINDS,
}
# Babel writes "2 weeks" from 1 on; days are kept up to three weeks, weeks up to three months.
THREE_OF_THE_NEXT = 3

AddressParts = Mapping[str, str]


def age(moment: datetime) -> str:
    """Write how long ago a time was: "today at 14:03", "12 days ago"."""
    then, now = to_user_timezone(moment), to_user_timezone(utcnow())
    days, time = (now.date() - then.date()).days, format_datetime(moment, time_format(language()))
    if days <= 1:
        return str(_("yesterday at %(time)s", time=time) if days == 1 else _("today at %(time)s", time=time))
    back = then.replace(hour=0, minute=0) - now.replace(hour=0, minute=0)
    return str(format_timedelta(back, granularity="day", threshold=THREE_OF_THE_NEXT, add_direction=True))


def value_lines(field: str, value: Any) -> list[str]:
    """Return the lines in which a value is shown; none if there is no value."""
    if not value:
        return []
    if field == "address":
        return label_lines(from_parts(value))
    return [phone_number.readable(value) or value] if field == "phone_number" else [str(value)]


def sentences(change: ProfileChange) -> list[str]:
    """Say what changed; a list of addresses is compared address by address."""
    if change.field == "addresses":
        return list(_differences(change.before or [], change.after or []))
    before, after = (", ".join(value_lines(change.field, value)) for value in (change.before, change.after))
    return [_changed(change.field, before, after)]


def _differences(before: list[AddressParts], after: list[AddressParts]) -> Iterator[str]:
    """Say which addresses came, went and changed, by their kind, and whether another one is the default now."""
    for kind in ("home", "work", "other"):
        old, new = ([each for each in those if each.get("type") == kind] for those in (before, after))
        gone = [_label(each) for each in old if each not in new]
        come = [_label(each) for each in new if each not in old]
        for was, is_now in zip_longest(gone, come, fillvalue=""):
            yield _changed(kind, was, is_now)
    if before and after and after[0] != before[0] and after[0] in before:
        yield _("The default address is now %(address)s", address=_label(after[0]))


def _changed(label: str, before: str, after: str) -> str:
    values = {"what": str(LABELS[label]), "old": before, "new": after}
    if not before:
        return str(_("%(what)s added: %(new)s", **values))
    if not after:
        return str(_("%(what)s removed: %(old)s", **values))
    return str(_("%(what)s changed from %(old)s to %(new)s", **values))


def _label(parts: AddressParts) -> str:
    return one_label(from_parts(parts))

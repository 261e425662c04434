"""The audience of a channel, counted and as a file for whoever sends the mails or messages.

It is exactly who `consents.audience` names, each with the reference of the proof. A file holds so many people at the
most; a larger audience is several files, and none is cut off silently. The file is CSV as in RFC 4180, in UTF-8 with
a byte order mark, without which Excel takes it for something else.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import load_only

from app.customers.consents import unsubscribe
from app.customers.consents.audience import Recipient, audience
from app.customers.models import Customer
from app.database import db

# The channels that something is sent through, and whether its messages carry a link that ends them.
CHANNELS = {"email": True, "sms": False}
PER_FILE = 10_000
SHOWN = 10
BYTE_ORDER_MARK = "\ufeff"
COLUMNS = ("customer", "name", "address", "since", "proof", "proof_sha256")
UNSUBSCRIBE = "unsubscribe"
# At the start of a cell, or behind what some spreadsheet takes for the start of the next one. The last four are the
# wide forms that a Japanese spreadsheet reads alike.
FORMULA = re.compile(r"(^|[\t\r\n;,|\"])(\s*)([=+\-@\uff1d\uff0b\uff0d\uff20])")


# A recipient, and for a channel whose messages carry a link the customer for whom it is signed.
Row = tuple[Recipient, Customer | None]


class Part(NamedTuple):
    """One file's worth of an audience: so many customers, whose numbers are greater than `after_id`."""

    after_id: int
    people: int


@dataclass(frozen=True)
class Preview:
    """How many a channel reaches, the first of them, and in how many files they fit."""

    first: Sequence[Recipient]
    parts: Sequence[Part]

    @property
    def people(self) -> int:
        """Return how many there are."""
        return sum(part.people for part in self.parts)


def preview(channel: str) -> Preview:
    """Count the audience of a channel."""
    first: Sequence[Recipient] = ()
    parts: list[Part] = []
    for part, recipients in _parts(channel):
        first = first or recipients[:SHOWN]
        parts.append(part)
    return Preview(first, parts)


def read(channel: str, after_id: int) -> Sequence[Row]:
    """Return who is in one file; the rest is made of it after the transaction, which others wait for."""
    recipients = audience(channel, after_id, PER_FILE)
    customers = _customers_of(recipients) if CHANNELS[channel] else {}
    return [(each, customers.get(each.customer_id)) for each in recipients]


def as_csv(channel: str, rows: Sequence[Row]) -> str:
    """Return the file."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow((*COLUMNS, UNSUBSCRIBE) if CHANNELS[channel] else COLUMNS)
    for recipient, customer in rows:
        link = (unsubscribe.address(customer, channel),) if customer else ()
        writer.writerow((*_cells(recipient), *link))
    return BYTE_ORDER_MARK + text.getvalue()


def _cells(recipient: Recipient) -> tuple[str, ...]:
    return (
        str(recipient.customer_id),
        plain(recipient.name),
        plain_address(recipient.address),
        recipient.since.isoformat(timespec="seconds"),
        str(recipient.record_id),
        recipient.object_hash,
    )


def plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP: CSV Injection)."""
    return FORMULA.sub(r"\1\2'\3", text)


def plain_address(address: str) -> str:
    """Return an address that no spreadsheet takes for a formula, and that still is the same address.

    One that begins like a formula is written in angle brackets (RFC 5322, section 3.4), because a quote before it would
    make it somebody else's.
    """
    return f"<{address}>" if FORMULA.match(address) else address


def _parts(channel: str) -> Iterator[tuple[Part, Sequence[Recipient]]]:
    after = 0
    while recipients := audience(channel, after, PER_FILE):
        yield Part(after, len(recipients)), recipients
        if len(recipients) < PER_FILE:
            return
        after = recipients[-1].customer_id


def _customers_of(recipients: Sequence[Recipient]) -> dict[int, Customer]:
    """Return the customers with what their links are signed for: the number, and the moment of the account's birth."""
    if not recipients:
        return {}
    # By their range and not by their numbers, which would be more parameters than a statement may have.
    between = Customer.id.between(recipients[0].customer_id, recipients[-1].customer_id)
    found = select(Customer).options(load_only(Customer.id, Customer.created_at)).where(between)
    return {each.id: each for each in db.session.scalars(found)}

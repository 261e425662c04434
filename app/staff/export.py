"""Export the audience of a channel as CSV files for the sender of emails or text messages.

The rows are exactly the customers of `consents.audience`, each with the reference of the proof. A file has at most
PER_FILE rows; a larger audience is split into several files, and no row is dropped. The format is CSV (RFC 4180), in
UTF-8 with a byte order mark, because Excel assumes another encoding without it.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import load_only

from app.customers.consents import unsubscribe
from app.customers.consents.audience import Recipient, audience
from app.customers.models import Customer
from app.database import db

# The channels, and whether their messages have an unsubscribe link.
CHANNELS = {"email": True, "sms": False}
PER_FILE = 10_000
SHOWN = 10
BYTE_ORDER_MARK = "\ufeff"
COLUMNS = ("customer", "name", "address", "since", "proof", "proof_sha256")
UNSUBSCRIBE = "unsubscribe"
# A formula begins a cell, or follows a character that some spreadsheets take for the end of a cell. The last
# four characters are full-width forms, which Japanese spreadsheets treat like the others.
FORMULA = re.compile(r"(^|[\t\r\n;,|\"])(\s*)([=+\-@\uff1d\uff0b\uff0d\uff20])")


# A recipient, and the customer for whom the unsubscribe link is signed if the channel has one.
Row = tuple[Recipient, Customer | None]


class Part(NamedTuple):
    """The rows of one file: `people` customers, whose ids are greater than `after_id`."""

    after_id: int
    people: int


@dataclass(frozen=True)
class Preview:
    """The size of an audience, its first recipients, and the files it is split into."""

    first: Sequence[Recipient]
    parts: Sequence[Part]

    @property
    def people(self) -> int:
        """Return the size of the audience."""
        return sum(part.people for part in self.parts)


def preview(channel: str) -> Preview:
    """Count the audience of a channel."""
    first: Sequence[Recipient] = ()
    parts: list[Part] = []
    after = 0
    while recipients := audience(channel, after, PER_FILE):
        first = first or recipients[:SHOWN]
        parts.append(Part(after, len(recipients)))
        if len(recipients) < PER_FILE:
            break
        after = recipients[-1].customer_id
    return Preview(first, parts)


def read(channel: str, after_id: int) -> Sequence[Row]:
    """Return the rows of one file. The caller builds the file after the transaction, to keep the transaction short."""
    recipients = audience(channel, after_id, PER_FILE)
    customers = _customers_of(recipients) if CHANNELS[channel] else {}
    return [(each, customers.get(each.customer_id)) for each in recipients]


def as_csv(channel: str, rows: Sequence[Row]) -> str:
    """Return the content of the file."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow((*COLUMNS, UNSUBSCRIBE) if CHANNELS[channel] else COLUMNS)
    for each, customer in rows:
        name, address, since = plain(each.name), plain_address(each.address), each.since.isoformat(timespec="seconds")
        link = (unsubscribe.address(customer, channel),) if customer else ()
        writer.writerow((each.customer_id, name, address, since, each.record_id, each.object_hash, *link))
    return BYTE_ORDER_MARK + text.getvalue()


def plain(text: str) -> str:
    """Escape a text so that no spreadsheet takes it for a formula (OWASP: CSV Injection)."""
    return FORMULA.sub(r"\1\2'\3", text)


def plain_address(address: str) -> str:
    """Escape an address by angle brackets (RFC 5322, section 3.4): an added quote would change the address."""
    return f"<{address}>" if FORMULA.match(address) else address


def _customers_of(recipients: Sequence[Recipient]) -> dict[int, Customer]:
    """Return the customers with the values that their links are signed for: id and time of creation."""
    if not recipients:
        return {}
    # Select a range of ids: a list of ids would exceed the limit on a statement's parameters.
    between = Customer.id.between(recipients[0].customer_id, recipients[-1].customer_id)
    found = select(Customer).options(load_only(Customer.id, Customer.created_at)).where(between)
    return {each.id: each for each in db.session.scalars(found)}

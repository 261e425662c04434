"""A copy of everything about a customer, as one ZIP: for machines (`data.json`) and for people (`index.html`).

GDPR, articles 15 and 20. It is made in memory and never kept: each kind of data is bounded, so the file is too.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from flask import render_template
from flask_babel import gettext as _

from app.customers.accounts.postal_address import KINDS, PARTS, from_parts, one_label
from app.customers.models import Customer
from app.customers.privacy import data_sources
from app.database import utcnow
from app.i18n import calendar_date, money, when
from app.text_tables import branded, text_table

FILE_NAME = "your-data.zip"
ABOUT = "Everything that this shop keeps about one customer. Times are in UTC (ISO 8601), amounts in øre."

# The page leaves these out so that it stays readable: empty values, and codes that a label next to them explains.
EMPTY: tuple[object, ...] = (None, "", [], {})
FOR_PROGRAMS = frozenset({"kind", "decision", "reasons", "id", "issuer", "client_id"})
RAW = "evidence"  # kept as it came, so shown as it came
AMOUNTS = frozenset({"total", "unit_price", "sum"})

Copy = dict[str, Any]
# A node of the page: pairs of label and node for an object, nodes for a list, else a text.
Node = tuple[str, Any]


def copy_of(customer: Customer) -> Copy:
    """Return all data about a customer, by data source."""
    parts = {holder.name: holder.export(customer) for holder in data_sources.registered() if holder.export}
    return {"about": ABOUT, "made_at": utcnow(), "newest_of_a_kind_at_most": data_sources.MAX_ROWS, **parts}


def archive(copy: Copy) -> bytes:
    """Return the ZIP of a copy."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as zipped:
        zipped.writestr("data.json", as_json(copy))
        zipped.writestr("index.html", readable(copy))
    return packed.getvalue()


def as_json(value: Any) -> str:
    """Return a value as JSON, with timestamps in UTC."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_as_text)


def readable(copy: Copy) -> str:
    """Return the copy as a page, in the language of the request."""
    sources = [source for source in data_sources.registered() if source.name in copy]
    labels = {name: text for each in sources for name, text in text_table(each.package, "data_labels").items()}
    sections = [(source.title, _node(source.name, copy[source.name], labels)) for source in sources]
    return render_template("customers/export_index.html", made_at=copy["made_at"], sections=sections)


def titles() -> list[str]:
    """Return the titles of the kinds of data that a copy contains."""
    return [source.title for source in data_sources.registered() if source.export]


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)  # the value itself would end up in a log


def _node(name: str, value: Any, labels: Mapping[str, str]) -> Node:
    """Return the node that the page shows for a value with this name."""
    if name == RAW and value is not None:
        return "raw", as_json(value)
    if isinstance(value, Mapping) and value.keys() >= set(PARTS):
        kind, label = KINDS.get(value.get("type", "")), one_label(from_parts(value))
        return "text", f"{kind}: {label}" if kind else label
    if isinstance(value, Mapping):
        members = [(each, inner) for each, inner in value.items() if each not in FOR_PROGRAMS and inner not in EMPTY]
        return "object", [(_label(each, labels), _node(each, inner, labels)) for each, inner in members]
    if isinstance(value, (list, tuple)):
        return "list", [_node("", each, labels) for each in value]
    return "text", _text(name, value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, date):
        return calendar_date(value)
    return money(value) if name in AMOUNTS else str(value)


def _label(name: str, labels: Mapping[str, str]) -> str:
    return branded(labels[name]) if name in labels else name.replace("_", " ")

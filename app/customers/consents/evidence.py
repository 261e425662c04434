"""A customer's answers as one document, complete enough for an independent check: rows, hashes and raw objects."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.customers.consents.models import ConsentRecord
from app.database import utcnow

HASHED = "SHA-256 of the object's canonical JSON: members sorted, no blanks, UTF-8"
FIELDS = ("id", "consent_id", "granted", "required", "text", "heading", "description", "language", "links")
MOMENTS = ("given_at", "received_at", "effective_at")
PROOF = ("source", "subject", "object_hash", "evidence")


def document(records: Iterable[ConsentRecord]) -> dict[str, Any]:
    """Return the document, the oldest answer first."""
    return {"made_at": utcnow().isoformat(), "object_hash_is": HASHED, "answers": [as_json(row) for row in records]}


def as_json(record: ConsentRecord) -> dict[str, Any]:
    """Return one row of the ledger."""
    values = {name: getattr(record, name) for name in (*FIELDS, *PROOF)}
    moments: dict[str, datetime | None] = {name: getattr(record, name) for name in MOMENTS}
    return values | {name: moment.isoformat() if moment else None for name, moment in moments.items()}

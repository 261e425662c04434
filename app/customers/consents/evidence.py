"""A customer's answers as one document, complete enough for an independent check: rows, hashes and raw objects."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.customers.consents.models import ConsentRecord
from app.database import utcnow

HASHED = "SHA-256 of the object's canonical JSON: members sorted, no blanks, UTF-8"
COLUMNS = (
    *("id", "consent_id", "granted", "required", "text", "heading", "description", "language", "links"),
    *("given_at", "received_at", "effective_at", "source", "subject", "object_hash", "evidence"),
)


def document(records: Iterable[ConsentRecord]) -> dict[str, Any]:
    """Return the document, the oldest answer first."""
    answers = [{name: _as_json(getattr(row, name)) for name in COLUMNS} for row in records]
    return {"made_at": utcnow().isoformat(), "object_hash_is": HASHED, "answers": answers}


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value

"""The ledger of consent answers: rows are added, never changed.

An answer that is absent from a later login is neither a yes nor a no, so nothing is changed by it
(Vipps Login API guide: collecting consents; GDPR article 7(1)).
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app.customers.consents.models import ConsentRecord
from app.customers.models import Customer
from app.database import db, utcnow
from app.vipps.claims import UserInfo


def record(customer: Customer, info: UserInfo) -> None:
    """Add the answers that came with a login; those that are in the ledger already are not added again.

    The caller commits.
    """
    now = utcnow()
    for answer in info.consents:
        digest = object_hash(answer.evidence)
        if _is_recorded(customer, digest, answer.id):
            continue
        db.session.add(
            ConsentRecord(
                customer_id=customer.id,
                subject=info.subject,
                consent_id=answer.id,
                granted=answer.granted,
                required=answer.required,
                text=answer.text,
                language=answer.language,
                given_at=answer.given_at,
                received_at=now,
                effective_at=min(answer.given_at or now, now),
                source="vipps_login",
                object_hash=digest,
                evidence=answer.evidence,
            )
        )


def latest(customer: Customer) -> list[ConsentRecord]:
    """Return the newest answer to each question."""
    asked = select(ConsentRecord).where(ConsentRecord.customer_id == customer.id)
    ordered = asked.order_by(ConsentRecord.effective_at, ConsentRecord.id)
    return list({record.consent_id: record for record in db.session.scalars(ordered)}.values())


def erase(customer: Customer, pseudonym: str, keep_until: datetime) -> None:
    """Take the person out of their answers; what was asked and answered stays as evidence for a while."""
    theirs = update(ConsentRecord).where(ConsentRecord.customer_id == customer.id)
    nobodys = {"customer_id": None, "subject": None, "evidence": None}
    db.session.execute(theirs.values(**nobodys, pseudonym=pseudonym, keep_until=keep_until))


def object_hash(value: Any) -> str:
    """Return the SHA-256 of an object's canonical JSON: sorted members, no blanks, UTF-8."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _is_recorded(customer: Customer, digest: str, consent_id: str) -> bool:
    same = select(ConsentRecord.id).where(
        ConsentRecord.customer_id == customer.id,
        ConsentRecord.object_hash == digest,
        ConsentRecord.consent_id == consent_id,
    )
    return db.session.scalar(same) is not None


KEEP_EVIDENCE = timedelta(days=3 * 365)

"""The ledger of consent answers: rows are added, never changed.

An answer that is absent from a later login is neither a yes nor a no, so it changes nothing
(Vipps Login API guide: collecting consents; GDPR article 7(1)). The latest answer to a question is the one with the
greatest `(effective_at, id)`. The caller commits.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError

from app.customers.consents.channels import CHANNELS
from app.customers.models import ConsentRecord, Customer
from app.database import db, utcnow
from app.logging import log
from app.settings import settings_of_app
from app.signals import consent_recorded, send_on_commit
from app.vipps.claims import UserInfo
from app.vipps.consents import ConsentAnswer

VIPPS_LOGIN, MY_PAGE, UNSUBSCRIBE = "vipps_login", "my_page", "unsubscribe"
# The columns in a copy of an answer: all that an independent check needs.
HASHED = "SHA-256 of the object's canonical JSON: members sorted, no blanks, UTF-8"
AS_GIVEN = ("granted", "required", "text", "heading", "description", "language", "given_at", "evidence")
EVIDENCE = (
    *("id", "consent_id", "granted", "required", "text", "heading", "description", "language", "links"),
    *("given_at", "received_at", "effective_at", "source", "subject", "object_hash", "evidence"),
)


def record(customer: Customer, info: UserInfo) -> None:
    """Record the answers of a login, each one once. If a channel has two answers, record the no."""
    channels = settings_of_app().consent_channels
    answers: dict[str, ConsentAnswer] = {}
    for answer in info.consents:
        consent_id = channels.get(answer.id, answer.id)
        if consent_id not in answers or not answer.granted:
            answers[consent_id] = answer
    for consent_id, answer in answers.items():
        if consent_id not in CHANNELS:
            log.info("consent_without_channel", consent=consent_id)
        digest = object_hash(answer.evidence)
        if not _is_recorded(customer, digest, consent_id):
            _add_once(customer, _row(customer, info.subject, answer, consent_id, digest))


def record_answer(
    customer: Customer, consent_id: str, granted: bool, text: str, heading: str, language: str, source: str
) -> ConsentRecord:
    """Record an answer given in the shop, with the exact words. Its time is never before that of an earlier answer."""
    now, before = utcnow(), latest_to(customer, consent_id)
    answer = {"consent_id": consent_id, "granted": granted, "source": source}
    shown = {"heading": heading, "text": text, "language": language}
    evidence = {**answer, "shown": shown, "answered_at": now.isoformat()}
    row = ConsentRecord(
        customer_id=customer.id,
        received_at=now,
        effective_at=max(now, before.effective_at) if before else now,
        object_hash=object_hash(evidence),
        evidence=evidence,
        **answer,
        **shown,
    )
    db.session.add(row)
    db.session.flush()
    send_on_commit(consent_recorded, channel=consent_id, answer="yes" if granted else "no")
    return row


def latest(customer: Customer) -> list[ConsentRecord]:
    """Return the newest answer to each question, in the order in which the questions were first answered."""
    return list({record.consent_id: record for record in db.session.scalars(_answers_of(customer))}.values())


def latest_to(customer: Customer, consent_id: str) -> ConsentRecord | None:
    """Return the newest answer to one question."""
    to_this = _answers_of(customer).where(ConsentRecord.consent_id == consent_id).order_by(None)
    return db.session.scalar(to_this.order_by(ConsentRecord.effective_at.desc(), ConsentRecord.id.desc()).limit(1))


def history(customer: Customer) -> Sequence[ConsentRecord]:
    """Return every answer of a customer, the oldest first."""
    return db.session.scalars(_answers_of(customer)).all()


def document(records: Iterable[ConsentRecord]) -> dict[str, Any]:
    """Return answers as one document, the oldest first: rows, hashes and raw objects."""
    answers = [{name: getattr(row, name) for name in EVIDENCE} for row in records]
    return {"made_at": utcnow(), "object_hash_is": HASHED, "answers": answers}


def erase(customer: Customer, pseudonym: str, keep_until: datetime) -> None:
    """Remove the customer from their answers; the questions and answers stay as evidence for a limited time."""
    of_customer = update(ConsentRecord).where(ConsentRecord.customer_id == customer.id)
    anonymous = {"customer_id": None, "subject": None, "evidence": None}
    db.session.execute(of_customer.values(**anonymous, pseudonym=pseudonym, keep_until=keep_until))


def object_hash(value: Any) -> str:
    """Return the SHA-256 of an object's canonical JSON: sorted members, no blanks, UTF-8."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _row(customer: Customer, subject: str, answer: ConsentAnswer, consent_id: str, digest: str) -> ConsentRecord:
    now = utcnow()
    effective_at = min(answer.given_at or now, now)
    before = latest_to(customer, consent_id) if answer.granted and not answer.given_at else None
    if before and not before.granted:
        effective_at = before.effective_at - timedelta(microseconds=1)  # a yes without a time never replaces a no
    return ConsentRecord(
        customer_id=customer.id,
        subject=subject,
        consent_id=consent_id,
        links=[{"title": title, "url": url} for title, url in answer.links],
        received_at=now,
        effective_at=effective_at,
        source=VIPPS_LOGIN,
        object_hash=digest,
        **{name: getattr(answer, name) for name in AS_GIVEN},
    )


def _add_once(customer: Customer, row: ConsentRecord) -> None:
    """Add a row, unless another request has recorded the same object first."""
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        if not _is_recorded(customer, row.object_hash, row.consent_id):
            raise
    else:
        send_on_commit(consent_recorded, channel=row.consent_id, answer="yes" if row.granted else "no")


def _is_recorded(customer: Customer, digest: str, consent_id: str) -> bool:
    same = select(ConsentRecord.id).where(
        ConsentRecord.customer_id == customer.id,
        ConsentRecord.object_hash == digest,
        ConsentRecord.consent_id == consent_id,
    )
    return db.session.scalar(same) is not None


def _answers_of(customer: Customer) -> Select[ConsentRecord]:
    of_customer = select(ConsentRecord).where(ConsentRecord.customer_id == customer.id)
    return of_customer.order_by(ConsentRecord.effective_at, ConsentRecord.id)

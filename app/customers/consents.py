"""The answers to consent questions: recorded with the words that were shown, never changed, read as a history.

An answer that is absent from a later login is neither a yes nor a no, so nothing is changed by it
(Vipps Login API guide: collecting consents; GDPR article 7(1)).
"""

from sqlalchemy import select

from app.customers.models import ConsentRecord, Customer
from app.database import db
from app.vipps.claims import UserInfo


def record(customer: Customer, info: UserInfo) -> None:
    """Add the answers that came with a login. The caller commits."""
    for answer in info.consents:
        db.session.add(
            ConsentRecord(
                customer_id=customer.id,
                consent_id=answer.id,
                granted=answer.granted,
                required=answer.required,
                text=answer.text,
                language=answer.language,
                given_at=answer.given_at,
                source="vipps_login",
                evidence=answer.evidence,
            )
        )


def latest(customer: Customer) -> list[ConsentRecord]:
    """Return the newest answer to each question."""
    asked = select(ConsentRecord).where(ConsentRecord.customer_id == customer.id).order_by(ConsentRecord.id)
    return list({record.consent_id: record for record in db.session.scalars(asked)}.values())

"""The consent ledger's table.

The database itself keeps the rows as they are: its triggers (migration 0003) refuse every change and every deletion but
one. When its customer is erased, a row may lose who they were (`customer_id`, `subject`, `evidence`), and gets a
pseudonym and a day until which it is kept; after that day it may go. So a proof can outlive its person, and nothing
else can happen to it (GDPR, articles 5(2), 7(1) and 17(3)(e)).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, UtcDateTime, utcnow


class ConsentRecord(Base):
    """One answer to one consent question, exactly as it was put and given.

    `text`, `heading`, `description` and `links` (objects with `title` and `url`) are what the person saw, in
    `language`. `given_at` is the time that the other side reports, `received_at` ours; `effective_at` is the one that
    decides which answer is the latest. `source` is `vipps_login`, `my_page`, `unsubscribe` or `staff`. `evidence` is
    the object as received, and `object_hash` the SHA-256 of its canonical JSON: an object that is delivered twice is
    recorded once.
    """

    __tablename__ = "consent_record"
    __table_args__ = (UniqueConstraint("customer_id", "object_hash", "consent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    subject: Mapped[str | None] = mapped_column(String(255))
    consent_id: Mapped[str] = mapped_column(String(100), index=True)
    granted: Mapped[bool]
    required: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(String(2000))
    heading: Mapped[str] = mapped_column(String(500), default="")
    description: Mapped[str] = mapped_column(String(4000), default="")
    language: Mapped[str] = mapped_column(String(10))
    links: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    effective_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    source: Mapped[str] = mapped_column(String(20))
    object_hash: Mapped[str] = mapped_column(String(64))
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    pseudonym: Mapped[str | None] = mapped_column(String(64), index=True)
    keep_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    @property
    def is_revocable(self) -> bool:
        """Tell whether this is a yes that can be withdrawn: one that was not required."""
        return self.granted and not self.required

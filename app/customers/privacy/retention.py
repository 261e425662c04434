"""What is forgotten by itself: every holder's rules, one after the other, a batch at a time.

A batch is a transaction of its own, so the shop goes on serving meanwhile, what was done stays done if the job is
stopped, and a second run finds nothing more to do. A row that somebody is changing at the moment is left for the next
run.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, select

from app.customers.privacy import data_sources
from app.customers.privacy.data_sources import Rule
from app.database import begin_write, db

BATCH_SIZE = 500


def run(now: datetime, *, dry_run: bool = False) -> Iterator[tuple[str, int]]:
    """Forget what is due; yields each kind with how many there were. With `dry_run` they are only counted."""
    work = _count if dry_run else _forget
    for holder in data_sources.registered():
        for rule in holder.rules:
            yield rule.kind, work(rule, now) if rule.is_there() else 0


def _count(rule: Rule, now: datetime) -> int:
    found = db.session.scalar(select(func.count()).select_from(rule.keys(now).subquery())) or 0
    db.session.rollback()
    return found


def _forget(rule: Rule, now: datetime) -> int:
    done, last = 0, 0
    while True:
        begin_write()
        key = rule.table.c.id
        due = rule.keys(now).where(key > last).order_by(key).limit(BATCH_SIZE)
        keys: Sequence[int] = db.session.scalars(due.with_for_update(skip_locked=True)).all()
        if not keys:
            db.session.rollback()
            return done
        rule.forget(keys)
        db.session.commit()
        done, last = done + len(keys), keys[-1]

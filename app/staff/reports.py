"""Error reports: what a reference number on an error page stands for, kept for support.

Every refusal of a Vipps login and every page that says that something broke leaves a row, after the page is made and
in a transaction of its own. It is a help and no more: it never breaks a page, never waits for a database that is
down, and nobody can fill the disk with it. Of each kind only some are kept per minute, and of each kind and of all
together only the newest, so that a flood of forged callbacks does not push out the report that is looked for.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, Response, current_app, request
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.customers.sessions.session_cookie import current_customer
from app.database import db, query_or, utcnow
from app.logging import failure, log, reference
from app.staff.models import ErrorReport
from app.staff.pagination import Listing, newest

MOST = 10_000
MOST_OF_A_CODE = 1_000
# In each process. A real fault that strikes more often is seen in the log, where every one has its line.
PER_MINUTE = 10
MINUTE = 60.0
MAX_CODE, MAX_ROUTE = 60, 100
# A database that does not answer is not asked a second time for the same page.
DATABASE_DOWN = frozenset({"database_error", "database_unavailable"})


@dataclass
class Quota:
    """How many reports of each code were written in this minute; after a failure, none in the rest of it."""

    clock: Callable[[], float] = time.monotonic
    _minute: float = 0.0
    _written: Counter[str] = field(default_factory=Counter)
    _off: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, code: str) -> bool:
        """Tell whether one more of this code may be written, and count it."""
        with self._lock:
            if self.clock() - self._minute >= MINUTE:
                self._minute, self._off = self.clock(), False
                self._written.clear()
            self._written[code] += 1
            return not self._off and self._written[code] <= PER_MINUTE

    def pause(self) -> None:
        """Write nothing more in this minute."""
        with self._lock:
            self._off = True


def init_app(app: Flask) -> None:
    """Look at every response of the app."""
    app.extensions["error_reports"] = Quota()
    app.after_request(_report)


def listing(before: int | None = None) -> Listing[ErrorReport]:
    """Return one page of the reports, the newest first."""
    return newest(select(ErrorReport), ErrorReport.id, before)


def _report(response: Response) -> Response:
    """Keep what the page of a refusal or a fault was about."""
    code = failure() or (f"http_{response.status_code}" if response.status_code >= 500 else "")
    if not code or code in DATABASE_DOWN or response.mimetype != "text/html":
        return response
    quota = cast(Quota, current_app.extensions["error_reports"])
    if quota.take(code):
        _write(quota, code[:MAX_CODE], response.status_code)
    return response


def _write(quota: Quota, code: str, status: int) -> None:
    values = {
        "at": utcnow(),
        "reference": reference(),
        "code": code,
        "status": status,
        "route": str(request.url_rule or "")[:MAX_ROUTE],
        "customer_id": query_or(_customer_id, None),
    }
    try:
        # What the page has left open would keep others, and SQLite's one writer, waiting.
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(insert(ErrorReport).values(values))
            _drop_old(connection, code)
    except SQLAlchemyError as error:
        quota.pause()
        log.warning("error_not_reported", error=type(error).__name__)


def _drop_old(connection: Connection, code: str) -> None:
    """Forget the oldest of this code, and the oldest of all, beyond what is kept."""
    for kept, most in (([ErrorReport.code == code], MOST_OF_A_CODE), ([], MOST)):
        first_too_many = select(ErrorReport.id).where(*kept).order_by(ErrorReport.id.desc()).offset(most).limit(1)
        too_many = delete(ErrorReport).where(*kept, ErrorReport.id <= first_too_many.scalar_subquery())
        connection.execute(too_many)


def _customer_id() -> int | None:
    customer = current_customer()
    return customer.id if customer else None

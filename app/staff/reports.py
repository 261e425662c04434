"""Keep error reports, so that support can look up the reference number of an error page.

Every refused Vipps login and every server error adds a row, after the page is rendered and in a separate transaction.
A report never breaks a page, never waits for a database that is down, and cannot fill the disk: each code has a limit
per minute, and only the newest reports of each code and of all codes are kept. So a flood of forged callbacks does not
push out other reports.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable

from flask import Flask, Response, current_app, request
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.customers.sessions.session_cookie import current_customer
from app.database import db, query_or, utcnow
from app.logging import failure, log, reference
from app.staff.models import ErrorReport

MAX_REPORTS = 10_000
MAX_REPORTS_PER_CODE = 1_000
MAX_PER_MINUTE = 10  # per process; a fault that happens more often is in the log, which has a line for each
MINUTE = 60.0
MAX_CODE, MAX_ROUTE = 60, 100
DATABASE_DOWN = frozenset({"database_error", "database_unavailable"})  # do not ask it again for the same page


class Quota:
    """Counts the reports of each code in this minute. After a failure, no report is written until the minute ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._minute, self._is_paused = clock, clock(), False
        self._written: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, code: str) -> bool:
        """Count a report of this code and tell whether it may be written."""
        with self._lock:
            if self._clock() - self._minute >= MINUTE:
                self._minute, self._is_paused = self._clock(), False
                self._written.clear()
            self._written[code] += 1
            return not self._is_paused and self._written[code] <= MAX_PER_MINUTE

    def pause(self) -> None:
        """Write no more reports in this minute."""
        self._is_paused = True


def init_app(app: Flask) -> None:
    """Check every response of the app for an error."""
    app.extensions["error_reports"] = Quota()
    app.after_request(_report)


def _report(response: Response) -> Response:
    """Write a report if the response is a refusal or a server error."""
    code = failure() or (f"http_{response.status_code}" if response.status_code >= 500 else "")
    quota: Quota = current_app.extensions["error_reports"]
    if code and code not in DATABASE_DOWN and response.mimetype == "text/html" and quota.take(code):
        _write(quota, code[:MAX_CODE], response.status_code)
    return response


def _write(quota: Quota, code: str, status: int) -> None:
    values = {
        "at": utcnow(),
        "reference": reference(),
        "code": code,
        "status": status,
        "route": str(request.url_rule or "")[:MAX_ROUTE],
        "customer_id": query_or(lambda: getattr(current_customer(), "id", None), None),
    }
    try:
        # A transaction that the page left open would block other writers; SQLite has only one.
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(insert(ErrorReport).values(values))
            _drop_old(connection, code)
    except SQLAlchemyError as error:
        quota.pause()
        log.warning("error_not_reported", error=type(error).__name__)


def _drop_old(connection: Connection, code: str) -> None:
    """Delete the oldest reports of this code, and of all codes, beyond the limits."""
    for kept, most in (([ErrorReport.code == code], MAX_REPORTS_PER_CODE), ([], MAX_REPORTS)):
        first_too_many = select(ErrorReport.id).where(*kept).order_by(ErrorReport.id.desc()).offset(most).limit(1)
        too_many = delete(ErrorReport).where(*kept, ErrorReport.id <= first_too_many.scalar_subquery())
        connection.execute(too_many)

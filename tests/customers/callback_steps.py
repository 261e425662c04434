"""The steps of a Vipps callback, so that a test can run a function at each step.

`at_step(app, "2 statement", do)` runs `do` just before the second statement of the login's own transaction.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, g, request
from sqlalchemy import event

from app.database import db

OUTSIDE = ("login_attempt SET used_at", "error_report", "inspected_login")
"""What is written before or after a login's transaction, each in a transaction of its own."""
STEPS = ("before the attempt is taken", "before the token call", "before userinfo", "before the transaction")
"""The steps that lie before the transaction; after them come its statements, by number."""
BEFORE_COMMIT, AFTER_COMMIT = "before the commit", "after the commit"
WRITES = ("INSERT", "UPDATE", "DELETE")

Do = Callable[[], None]
Patch = Callable[[Any, str, Any], None]


def statement(number: int) -> str:
    """Name the step before a writing statement of the login's transaction, counted from 1."""
    return f"{number} statement"


def at_step(app: Flask, step: str, do: Do, patch: Patch = setattr) -> None:
    """Run a function at one step of the next callback, and of every later one.

    A test passes the `setattr` of its `monkeypatch`, because all shops of a process share the session class.
    """
    vipps = app.extensions["vipps"]
    hooks: dict[str, tuple[Any, str]] = {
        STEPS[0]: (vipps.attempts, "claim"),
        STEPS[1]: (vipps.client, "exchange"),
        STEPS[2]: (vipps.client, "userinfo"),
        STEPS[3]: (vipps.merchant, "accept"),
    }
    if step in hooks:
        _before(*hooks[step], do, patch)
    elif step.endswith("statement"):
        _before_statement(app, int(step.split()[0]), do)
    else:
        _around_commit(do, patch, after=step == AFTER_COMMIT)


def _before(owner: Any, name: str, do: Do, patch: Patch) -> None:
    real = getattr(owner, name)

    def hooked(*args: Any, **kwargs: Any) -> Any:
        do()
        return real(*args, **kwargs)

    patch(owner, name, hooked)


def _before_statement(app: Flask, number: int, do: Do) -> None:
    step = statement(number)

    def count(connection: Any, cursor: Any, sql: str, *rest: Any) -> None:
        if not _in_callback() or not sql.startswith(WRITES) or any(table in sql for table in OUTSIDE):
            return
        seen = g.get(step, 0) + 1
        setattr(g, step, seen)
        if seen == number:
            do()

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count)


def _around_commit(do: Do, patch: Patch, *, after: bool) -> None:
    real = db.session.commit

    def commit() -> None:
        if not _in_callback():
            real()
            return
        db.session.flush()
        if after:
            real()
        do()
        if not after:
            real()

    patch(db.session, "commit", commit)


def _in_callback() -> bool:
    return bool(request) and request.path.endswith("/callback")

"""Noting what passes while a request is handled, and keeping it if it was one half of a login.

Three sources: Flask's hooks for the request and its answer, the integration's signal for the calls to Vipps, and the
engine's events for what is written to the database. Statements are kept without their values.
"""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Flask, Response, current_app, flash, g, has_app_context, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import SQLAlchemyError

from app.customers.activity.descriptions import describe_decision, describe_reasons
from app.customers.models import Activity
from app.database import db, utcnow
from app.guide.inspector import masking, store
from app.guide.login_requests import CALLBACK, state_of_begun
from app.logging import failure, log, reference
from app.tokens import secret_hash
from app.vipps.call_signal import Call, call_made

EXTENSION = "inspector"
MOST_STATEMENTS = 100
WRITES = re.compile(
    r'\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?(?:\s*\(([^)]*)\)|\s+SET\s+(.*?)(?:\sWHERE\s|$))?', re.S
)


@dataclass
class Note:
    """What has passed so far in this request."""

    started: float = field(default_factory=time.monotonic)
    calls: list[dict[str, Any]] = field(default_factory=list)
    statements: list[dict[str, Any]] = field(default_factory=list)
    reads: int = 0


@dataclass(frozen=True)
class Half:
    """One of the two requests of a login, as it is kept."""

    method: str
    path: str
    query: masking.Pairs
    headers: masking.Pairs
    status: int
    answer_headers: masking.Pairs
    location: str
    location_query: masking.Pairs
    cookies: list[str]
    seconds: float
    calls: list[dict[str, Any]]
    statements: list[dict[str, Any]]
    reads: int
    failure: str
    reference: str


def init_app(app: Flask) -> None:
    """Note what passes in this app from now on."""
    app.before_request(_begin)
    app.after_request(_end)
    app.extensions[EXTENSION] = {"engine": None}
    call_made.connect(_note_call)


def _begin() -> None:
    """Begin a note; a static file is nobody's login."""
    if request.endpoint and request.endpoint != "static":
        g.note = Note()
        _watch_engine()


def _end(response: Response) -> Response:
    """Keep the note if the request began or ended a login; a fault here is logged and changes nothing."""
    note = g.pop("note", None)
    if note is None:
        return response
    try:
        state = _state_of(response)
        if state:
            which, half, customer_id = _half(note, response)
            db.session.rollback()  # nothing is open any more, and on SQLite nobody may hold the lock that we need
            browser = store.this_browser()
            number = store.keep(secret_hash(state), secret_hash(browser), which, half, customer_id, now=utcnow())
            if number is not None:
                store.remember(response, browser)
                _announce(number, half)
    except Exception as error:
        with suppress(SQLAlchemyError):
            db.session.rollback()
        log.error("inspection_failed", error=type(error).__name__)
    return response


def _announce(number: int, half: Mapping[str, Any]) -> None:
    """Lead from the page that follows a login to its story, once; how one ended that failed has a page of its own."""
    if request.endpoint == CALLBACK and half["calls"] and not half["failure"]:
        address = url_for("inspector.show", number=number)
        flash(Markup('<a href="{}">{}</a>').format(address, _("See this login step by step")), "aside")


def _state_of(response: Response) -> str:
    """Return the state that holds the two halves of a login together; empty for every other request."""
    if request.endpoint == CALLBACK:
        return request.args.get("state", "") or "none"
    return state_of_begun(response)


def _half(note: Note, response: Response) -> tuple[str, dict[str, Any], int | None]:
    """Return which half it is, what passed in it, and whose it turned out to be."""
    where, query = masking.address(response.headers.get("Location", ""))
    half = Half(
        method=request.method,
        path=request.path,
        query=masking.pairs(request.args.items(multi=True)),
        headers=masking.headers(request.headers.items()),
        status=response.status_code,
        answer_headers=masking.headers(response.headers.items()),
        location=where.removeprefix("://"),
        location_query=query,
        cookies=[_without_value(cookie) for cookie in response.headers.getlist("Set-Cookie")],
        seconds=time.monotonic() - note.started,
        calls=note.calls,
        statements=note.statements,
        reads=note.reads,
        failure=failure(),
        reference=reference(),
    )
    if request.endpoint != CALLBACK:
        return store.START, asdict(half), None
    customer_id, decision = _decision()
    issuer = current_app.extensions["vipps"].client.config.issuer
    return store.CALLBACK, {**asdict(half), "decision": decision, "issuer": issuer}, customer_id


def _decision() -> tuple[int | None, dict[str, Any] | None]:
    """Return what was decided about the person, from the line that the login left under this reference number."""
    mine = select(Activity).where(Activity.reference == reference()).order_by(Activity.id)
    lines = db.session.scalars(mine).all()
    line = next((each for each in lines if each.decision), None)
    if line is None:
        return next((each.customer_id for each in lines), None), None
    told = {"decision": line.decision, "words": describe_decision(line), "reasons": describe_reasons(line.reasons)}
    return line.customer_id, {**told, "names": line.reasons}


def _note_call(sender: object, call: Call) -> None:
    """Note a call to Vipps, masked at once."""
    note = g.get("note") if has_app_context() else None
    if note is None:
        return
    where, query = masking.address(call.url)
    body = masking.parsed(call.answer_body) if call.status is not None else None
    note.calls.append(
        {
            "method": call.method,
            "url": where,
            "query": query,
            "headers": masking.headers(call.headers.items()),
            "form": masking.form(call.body) if call.body else [],
            "seconds": call.seconds,
            "status": call.status,
            "failure": call.failure,
            "answer_headers": masking.headers(call.answer_headers.items()),
            "answer": body,
            "answer_text": masking.beginning(call.answer_body) if body is None else "",
            "id_token": _id_token(call.answer_body),
            "at_statement": len(note.statements),
        }
    )


def _id_token(body: bytes) -> dict[str, Any] | None:
    """Return what the ID token in a token answer says, before the answer is masked."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return masking.token(answer.get("id_token")) if isinstance(answer, dict) else None


def _watch_engine() -> None:
    """Listen to the app's engine, once; it exists inside an app context only."""
    watched, engine = current_app.extensions[EXTENSION], db.engine
    if watched["engine"] is not engine:
        watched["engine"] = engine
        event.listen(engine, "after_cursor_execute", _note_statement)
        event.listen(engine, "commit", lambda connection: _note_end("COMMIT"))
        event.listen(engine, "rollback", lambda connection: _note_end("ROLLBACK"))


def _note_statement(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    """Note what a statement writes: the table, the columns and how many rows, never the values."""
    note = g.get("note") if has_app_context() else None
    if note is None or len(note.statements) >= MOST_STATEMENTS:
        return
    found = WRITES.match(statement)
    if not found:
        note.reads += statement.lstrip().upper().startswith("SELECT")
        return
    verb, table, inserted, assigned = found.groups()
    columns = inserted.split(",") if inserted else re.findall(r'"?(\w+)"?\s*=', assigned or "")
    names = [column.strip().strip('"') for column in columns]
    # A statement that returns rows does not know their number before they are read.
    rows = -1 if "RETURNING" in statement else cursor.rowcount
    note.statements.append({"verb": verb.split()[0], "table": table, "columns": names, "rows": rows})


def _note_end(verb: str) -> None:
    """Note the end of a transaction that wrote something."""
    note = g.get("note") if has_app_context() else None
    if note and note.statements and note.statements[-1]["verb"] not in ("COMMIT", "ROLLBACK"):
        note.statements.append({"verb": verb, "table": "", "columns": [], "rows": 0})


def _without_value(cookie: str) -> str:
    """Return a Set-Cookie header with the value left out: the name and the attributes are the lesson."""
    first, _, attributes = cookie.partition(";")
    return f"{first.partition('=')[0]}=…;{attributes}"

"""Record what happens while a request is handled, and save it if the request was one half of a login.

There are three sources: Flask's hooks for the request and its response, the integration's signal for the calls to
Vipps, and the engine's events for writes to the database. Statements are recorded without their values.
"""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, current_app, flash, g, has_app_context, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import SQLAlchemyError

from app.customers.account_activity import describe_decision, describe_reasons
from app.customers.models import Activity
from app.database import db, utcnow
from app.guide.inspector import masking, store
from app.logging import failure, log, reference
from app.tokens import secret_hash
from app.vipps.attempts import hash_of, login_attempt
from app.vipps.claims import parse
from app.vipps.routes import opened_by_browser
from app.vipps.transport import Call, call_made

EXTENSION = "inspector"
MAX_STATEMENTS = 100
WRITES = re.compile(
    r'\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?(?:\s*\(([^)]*)\)|\s+SET\s+(.*?)(?:\sWHERE\s|$))?', re.S
)


@dataclass
class RequestRecord:
    """The calls and statements recorded so far in this request."""

    started: float = field(default_factory=time.monotonic)
    calls: list[dict[str, Any]] = field(default_factory=list)
    statements: list[dict[str, Any]] = field(default_factory=list)
    reads: int = 0


def init_app(app: Flask) -> None:
    """Record the requests of this app."""
    app.before_request(_start_record)
    app.after_request(_save_record)
    app.extensions[EXTENSION] = {"engine": None}
    call_made.connect(_record_call)


def is_callback() -> bool:
    """Tell whether this request is a callback; a HEAD request or a prefetch of the callback's URL is not."""
    return request.endpoint == "vipps.callback" and opened_by_browser()


def started_url() -> str:
    """Return the authorization URL of the login that this request started; empty for any other request."""
    return str(g.get("authorization_url", ""))


def started_state() -> str:
    """Return the state of the login that this request started; empty for any other request."""
    return parse_qs(urlsplit(started_url()).query).get("state", [""])[0]


def _start_record() -> None:
    """Begin a record; a static file cannot belong to a login."""
    if request.endpoint and request.endpoint != "static":
        g.login_record = RequestRecord()
        _watch_engine()


def _save_record(response: Response) -> Response:
    """Save the record if the request started or ended a login. An error here is logged; the response stays the same."""
    record = g.pop("login_record", None)
    if record is None:
        return response
    try:
        state = _state_of_request()
        if state:
            which, half, customer_id = _login_half(record, response, state)
            db.session.rollback()  # the request has committed; on SQLite an open transaction would block our own write
            browser = store.browser_token()
            number = store.save_half(secret_hash(state), secret_hash(browser), which, half, customer_id, now=utcnow())
            if number is not None:
                store.set_browser_cookie(response, browser, finished=which == store.CALLBACK)
                _announce(number, half, response.location or "")
    except Exception as error:
        with suppress(SQLAlchemyError):
            db.session.rollback()
        log.error("inspection_failed", error=type(error).__name__)
    return response


def _announce(number: int, half: Mapping[str, Any], next_path: str) -> None:
    """Link to the recorded login on the next page, once. The page of a refusal has its own link."""
    if is_callback() and half["calls"] and not half["failure"] and not next_path.startswith("/guide/inspector"):
        address = url_for("inspector.show", number=number)
        flash(Markup('<a href="{}" hreflang="en">{}</a>').format(address, _("See this login step by step")), "aside")


def _state_of_request() -> str:
    """Return the state, which connects the two halves of a login; empty for every other request."""
    return (request.args.get("state") or "none") if is_callback() else started_state()


def _login_half(record: RequestRecord, response: Response, state: str) -> tuple[str, dict[str, Any], int | None]:
    """Return which half of a login this request is, its record, and the customer's id if the login has one."""
    where, query = masking.mask_url(started_url() or response.headers.get("Location", ""))
    half = {
        "method": request.method,
        "path": request.path,
        "query": masking.mask_pairs(request.args.items(multi=True)),
        "headers": masking.mask_headers(request.headers.items()),
        "status": response.status_code,
        "answer_headers": masking.mask_headers(response.headers.items()),
        "location": where.removeprefix("://"),
        "location_query": query,
        "cookies": [_without_value(cookie) for cookie in response.headers.getlist("Set-Cookie")],
        "seconds": time.monotonic() - record.started,
        "calls": record.calls,
        "statements": record.statements,
        "reads": record.reads,
        "failure": failure(),
        "reference": reference(),
        "purpose": _purpose(state),
    }
    if not is_callback():
        return store.START, half, None
    customer_id, decision = _decision()
    issuer = current_app.extensions["vipps"].client.config.issuer
    return store.CALLBACK, {**half, "decision": decision, "issuer": issuer}, customer_id


def _purpose(state: str) -> str:
    """Return what the login is for; empty if the shop has no attempt with this state."""
    attempt = select(login_attempt.c.purpose).where(login_attempt.c.state_hash == hash_of(state))
    return db.session.scalar(attempt) or ""


def _decision() -> tuple[int | None, dict[str, Any] | None]:
    """Return the customer and the decision, from the account activity with this request's reference number."""
    of_request = select(Activity).where(Activity.reference == reference()).order_by(Activity.id)
    lines = db.session.scalars(of_request).all()
    line = next((each for each in lines if each.decision), None)
    if line is None:
        return next((each.customer_id for each in lines), None), None
    shown = {"decision": line.decision, "words": describe_decision(line), "reasons": describe_reasons(line.reasons)}
    return line.customer_id, {**shown, "names": line.reasons}


def _record_call(sender: object, call: Call) -> None:
    """Record a call to Vipps, masked at once."""
    record = g.get("login_record") if has_app_context() else None
    if record is None:
        return
    where, query = masking.mask_url(call.url)
    body = masking.mask_json(call.answer_body) if call.status is not None else None
    members = _members(call.answer_body)
    # Names only, without their values.
    unreadable = list(parse({"sub": "", **members}).problems) if call.url.endswith("/userinfo") else []
    record.calls.append(
        {
            "method": call.method,
            "url": where,
            "query": query,
            "headers": masking.mask_headers(call.headers.items()),
            "form": masking.mask_form(call.body) if call.body else [],
            "seconds": call.seconds,
            "status": call.status,
            "failure": call.failure,
            "answer_headers": masking.mask_headers(call.answer_headers.items()),
            "answer": body,
            "answer_text": masking.mask_text(call.answer_body) if body is None else "",
            "id_token": masking.decode_token(members.get("id_token")),
            "unreadable": unreadable,
            "at_statement": len(record.statements),
        }
    )


def _members(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object, not yet masked; an empty dict if the body is no JSON object."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _watch_engine() -> None:
    """Listen to the engine's events, once; the engine exists only inside an app context."""
    watched, engine = current_app.extensions[EXTENSION], db.engine
    if watched["engine"] is not engine:
        watched["engine"] = engine
        event.listen(engine, "after_cursor_execute", _record_statement)
        event.listen(engine, "commit", lambda connection: _record_end("COMMIT"))
        event.listen(engine, "rollback", lambda connection: _record_end("ROLLBACK"))


def _record_statement(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    """Record the table, the columns and the number of rows that a statement writes, never the values."""
    record = g.get("login_record") if has_app_context() else None
    if record is None or len(record.statements) >= MAX_STATEMENTS:
        return
    found = WRITES.match(statement)
    if not found:
        record.reads += statement.lstrip().upper().startswith("SELECT")
        return
    verb, table, inserted, assigned = found.groups()
    columns = inserted.split(",") if inserted else re.findall(r'"?(\w+)"?\s*=', assigned or "")
    names = [column.strip().strip('"') for column in columns]
    # For a statement with RETURNING the number of rows is unknown until they are read.
    rows = -1 if "RETURNING" in statement else cursor.rowcount
    record.statements.append({"verb": verb.split()[0], "table": table, "columns": names, "rows": rows})


def _record_end(verb: str) -> None:
    """Record the end of a transaction that wrote."""
    record = g.get("login_record") if has_app_context() else None
    if record and record.statements and record.statements[-1]["verb"] not in ("COMMIT", "ROLLBACK"):
        record.statements.append({"verb": verb, "table": "", "columns": [], "rows": 0})


def _without_value(cookie: str) -> str:
    """Return a Set-Cookie header without the value; the inspector explains the name and the attributes."""
    first, _, attributes = cookie.partition(";")
    return f"{first.partition('=')[0]}=…;{attributes}"

"""Store recorded logins in the guide's own table. It is created at first use, so a fork without the guide has none.

A login belongs to the browser that started it, identified by a cookie whose hash is stored. A callback in another
browser is a recording of that browser, and counts towards the limit of the browser that started the login. Each browser
keeps its newest logins, and all browsers together a limited number. Everything is deleted after a day or with its
customer: by the next login, or else by `flask retention`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.customers.models import Customer, VippsLink
from app.customers.privacy import data_sources
from app.customers.privacy.retention import format_period
from app.database import UtcDateTime, db, unmanaged_tables, utcnow
from app.security import cookie_name, read_cookie, set_cookie
from app.shop.privacy_notice import Cookie
from app.tokens import new_token, secret_hash

START, CALLBACK = "start", "callback"
COOKIE = "inspector"
FINISHED = ".finished"  # at the end of the cookie's value, if a callback of this browser was recorded
MAX_PER_BROWSER = 20
MAX_PER_LOGIN = 5  # recordings of one login in all browsers together
MAX_LOGINS = 2000
RETENTION = timedelta(days=1)

metadata = sa.MetaData()
inspected_login = sa.Table(
    "inspected_login",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state_hash", sa.String(64), nullable=False),
    sa.Column("browser_hash", sa.String(64), nullable=False),
    sa.Column("customer_id", sa.Integer, index=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("reference", sa.String(40), nullable=False, server_default=""),
    sa.Column("start", sa.Text, nullable=False, server_default=""),
    sa.Column("callback", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_inspected_login_browser", "browser_hash", "state_hash"),
    sa.Index("ix_inspected_login_state", "state_hash"),
)
_c = inspected_login.c


@dataclass(frozen=True)
class RecordedLogin:
    """A recorded login; a half is None if it has not happened yet, or happened in another browser.

    `customer_id` is the account that it was about, if it is known.
    """

    id: int
    at: datetime
    reference: str
    start: Mapping[str, Any] | None
    callback: Mapping[str, Any] | None
    customer_id: int | None = None


def has_finished_login() -> bool:
    """Tell whether this browser has a login that came back from Vipps; it reads no database."""
    return read_cookie(COOKIE).endswith(FINISHED)


def read_token() -> str:
    """Return the token in this browser's cookie; empty if it has none."""
    return read_cookie(COOKIE).removesuffix(FINISHED)


def browser_token() -> str:
    """Return the token in this browser's cookie, or a new one."""
    token = read_token()
    return token if 20 <= len(token) <= 100 else new_token()


def set_browser_cookie(response: Response, token: str, finished: bool = False) -> None:
    """Set this browser's cookie, for as long as its newest login is kept; it stays marked as `finished`."""
    mark = FINISHED if finished or has_finished_login() else ""
    set_cookie(response, COOKIE, token + mark, max_age=RETENTION)


def save_half(
    state_hash: str, browser: str, half: str, record: Mapping[str, Any], customer_id: int | None, *, now: datetime
) -> int | None:
    """Save one half of a login with its other half, delete old and surplus logins, and return the login's number.

    A callback that belongs to no known browser is not saved, and None is returned: an attacker could send any number of
    such callbacks and push out other visitors' logins. This is checked before any write, so they take no lock.
    """
    _create_table()
    charged: str | None = browser
    if half == CALLBACK:
        with db.engine.connect() as reading:
            charged = _charged_browser(reading, state_hash, browser, now)
    if charged is None:
        return None
    # `_erase` searches this JSON as text, with the default separators.
    values: dict[str, Any] = {half: json.dumps(record), "reference": record["reference"]}
    if customer_id is not None:
        values["customer_id"] = customer_id
    with db.engine.begin() as connection:
        connection.execute(sa.delete(inspected_login).where(_c.at < now - RETENTION))
        same = sa.select(sa.func.max(_c.id)).where(_c.browser_hash == browser, _c.state_hash == state_hash)
        if half == CALLBACK:
            # A repeated callback is a separate recording, because it ends differently from the first one.
            same = same.where(_c.callback == "")
        known = connection.scalar(same)
        if known is not None:
            connection.execute(sa.update(inspected_login).where(_c.id == known).values(**values))
        else:
            row = {"state_hash": state_hash, "browser_hash": browser, "at": now, **values}
            known = connection.execute(sa.insert(inspected_login).values(**row).returning(_c.id)).scalar_one()
        counted = sa.or_(_c.browser_hash == charged, _c.state_hash.in_(_started_by(charged)))
        for these, most in (
            (_c.browser_hash == browser, MAX_PER_BROWSER),
            (counted, MAX_PER_BROWSER),
            (_c.id > 0, MAX_LOGINS),
        ):
            _delete_surplus(connection, these, most)
    return int(known)


def _started_by(browser: str) -> sa.Select[str]:
    return sa.select(_c.state_hash).where(_c.browser_hash == browser, _c.start != "")


def _delete_surplus(connection: sa.Connection, these: sa.ColumnElement[bool], most: int) -> None:
    """Delete all except the newest logins. Callbacks go with their login's start: no limit would count them alone."""
    newest_first = sa.select(_c.id, _c.state_hash, _c.start != "").where(these).order_by(_c.id.desc())
    # Read first: SQLite may evaluate the second half of an "or" after the first has deleted rows.
    surplus = connection.execute(newest_first.offset(most)).all()
    started = [state_hash for _id, state_hash, starts in surplus if starts]
    if surplus:
        ids = [row.id for row in surplus]
        connection.execute(sa.delete(inspected_login).where(sa.or_(_c.id.in_(ids), _c.state_hash.in_(started))))


def list_for_browser() -> Sequence[RecordedLogin]:
    """Return this browser's logins, the newest first."""
    if not _exists():
        return []
    rows = sa.select(inspected_login).where(_c.browser_hash == secret_hash(read_token()), _c.at >= utcnow() - RETENTION)
    return [_recorded_login(row) for row in db.session.execute(rows.order_by(_c.id.desc()))]


def newest_version(engine: sa.Engine, browser: str) -> str:
    """Return a text that changes with each saved half of a browser's newest login; it needs no app context."""
    if not sa.inspect(engine).has_table(inspected_login.name):
        return ""
    newest = sa.select(_c.id, _c.start != "", _c.callback != "").where(_c.browser_hash == browser)
    with engine.connect() as reading:
        row = reading.execute(newest.order_by(_c.id.desc()).limit(1)).first()
    return "{}.{:d}.{:d}".format(*row) if row else ""


def find_login(number: int) -> RecordedLogin | None:
    """Return one login of this browser; None for a login of another browser."""
    return next((each for each in list_for_browser() if each.id == number), None)


def delete_for_browser() -> None:
    """Delete this browser's logins."""
    if _exists():
        with db.engine.begin() as connection:
            connection.execute(sa.delete(inspected_login).where(_c.browser_hash == secret_hash(read_token())))


def init_app(app: Flask) -> None:
    """Register the table for erasure and retention, and exclude it from the comparison of tables with models."""
    data_sources.register(app, HOLDER)
    unmanaged_tables.add(inspected_login.name)


def _erase(customer: Customer) -> None:
    """Delete the logins that are known to be about the customer.

    Those are the logins into the account, and all that contain the subject of a Vipps user who is linked to it: a login
    that was refused or cancelled belongs to no account, and may still contain a name and an address.
    """
    if not _exists():
        return
    subjects = db.session.scalars(sa.select(VippsLink.subject).where(VippsLink.customer_id == customer.id))
    named = (_c.callback.contains(f'"sub": {json.dumps(each)}', autoescape=True) for each in subjects)
    db.session.execute(sa.delete(inspected_login).where(sa.or_(_c.customer_id == customer.id, *named)))


def cookie() -> Cookie:
    """Describe the cookie for the privacy page."""
    purpose = "Shows you your own logins, step by step, in the guide."
    return Cookie(cookie_name(COOKIE), purpose, format_period(RETENTION))


def _charged_browser(connection: sa.Connection, state_hash: str, browser: str, now: datetime) -> str | None:
    """Return the browser whose limit a callback counts towards; None if there is none.

    It is the browser of the callback if that browser has started a login here; otherwise the browser that started this
    login, unless the login has too many recordings: a browser without a login must not add any number of recordings.
    """
    kept = _c.at >= now - RETENTION
    if connection.scalar(_started_by(browser).where(kept).limit(1)) is not None:
        return browser
    starter = sa.case((_c.start != "", _c.browser_hash))
    counted = sa.select(sa.func.count(_c.id), sa.func.max(starter)).where(_c.state_hash == state_hash, kept)
    count, charged = connection.execute(counted).one()
    return charged if count < MAX_PER_LOGIN else None


def _create_table() -> None:
    if _exists():
        return
    try:
        metadata.create_all(db.engine)
    except (OperationalError, ProgrammingError):  # another worker created it at the same moment
        if not _exists():
            raise


def _exists() -> bool:
    return sa.inspect(db.engine).has_table(inspected_login.name)


HOLDER = data_sources.DataSource(
    name="inspected_logins",
    erase=_erase,
    rules=(
        data_sources.deletes("logins in the inspector", inspected_login, lambda now: _c.at < now - RETENTION, _exists),
    ),
)
"""Erasure and retention of recorded logins. The export leaves them out, because they repeat other data."""


def _recorded_login(row: sa.Row[Any]) -> RecordedLogin:
    start, callback = (json.loads(half) if half else None for half in (row.start, row.callback))
    return RecordedLogin(row.id, row.at, row.reference, start, callback, row.customer_id)

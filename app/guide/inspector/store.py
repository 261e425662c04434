"""Where recorded logins are kept: a table of the guide's own, made at first use, so that a fork without the guide has
none of it.

A login belongs to the browser that began it, known by a cookie whose hash is stored; a callback in another browser is a
story of that browser, and counts against the one that began. A browser keeps its newest ones, all browsers together a
bounded number, and everything is gone after a day or with its customer: the next login takes the old ones along, and
`flask retention` does where nobody logs in any more.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    case,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.customers.models import Customer, VippsLink
from app.customers.privacy import data_sources
from app.customers.privacy.labels import format_period
from app.database import UtcDateTime, db, made_elsewhere, utcnow
from app.security import cookie_name, read_cookie, secret_hash, set_cookie
from app.shop.privacy_notice import Cookie

START, CALLBACK = "start", "callback"
COOKIE = "inspector"
PER_BROWSER = 20
PER_LOGIN = 5  # stories of one login in whatever browsers
MOST = 2000
AGE = timedelta(days=1)

metadata = MetaData()
inspected_login = Table(
    "inspected_login",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state_hash", String(64), nullable=False),
    Column("browser_hash", String(64), nullable=False),
    Column("customer_id", Integer, index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("reference", String(40), nullable=False, server_default=""),
    Column("start", Text, nullable=False, server_default=""),
    Column("callback", Text, nullable=False, server_default=""),
    Index("ix_inspected_login_browser", "browser_hash", "state_hash"),
    Index("ix_inspected_login_state", "state_hash"),
)
_c = inspected_login.c


@dataclass(frozen=True)
class Inspected:
    """A recorded login; a half that has not happened, or happened in another browser, is None."""

    id: int
    at: datetime
    reference: str
    start: Mapping[str, Any] | None
    callback: Mapping[str, Any] | None


def this_browser() -> str:
    """Return the value of this browser's cookie, or a new one that it may get."""
    value = read_cookie(COOKIE)
    return value if 20 <= len(value) <= 100 else secrets.token_urlsafe(32)


def remember(response: Response, value: str) -> None:
    """Give this browser its cookie, for as long as its newest login is kept."""
    set_cookie(response, COOKIE, value, max_age=AGE)


def keep(
    state_hash: str, browser: str, half: str, told: Mapping[str, Any], customer_id: int | None, *, now: datetime
) -> int | None:
    """Keep one half of a login beside the other, and forget what is too old or too much; returns the login's number.

    A callback that belongs to nothing here is not kept, and None returned: anybody can send any number of them, and
    they would push the logins of others out. That is asked before anything is written, so that they hold nobody up.
    """
    _make_table()
    payer: str | None = browser
    if half == CALLBACK:
        with db.engine.connect() as reading:
            payer = _payer(reading, state_hash, browser, now)
    if payer is None:
        return None
    # `_erase` reads this JSON as a text, with the blanks that it has by default.
    values: dict[str, Any] = {half: json.dumps(told), "reference": told["reference"]}
    if customer_id is not None:
        values["customer_id"] = customer_id
    with db.engine.begin() as connection:
        connection.execute(delete(inspected_login).where(_c.at < now - AGE))
        same = select(func.max(_c.id)).where(_c.browser_hash == browser, _c.state_hash == state_hash)
        if half == CALLBACK:
            # A repeated callback is a login of its own on the page: what it led to is not what the first one did.
            same = same.where(_c.callback == "")
        known = connection.scalar(same)
        if known is not None:
            connection.execute(update(inspected_login).where(_c.id == known).values(**values))
        else:
            row = {"state_hash": state_hash, "browser_hash": browser, "at": now, **values}
            known = connection.execute(insert(inspected_login).values(**row).returning(_c.id)).scalar_one()
        paid = or_(_c.browser_hash == payer, _c.state_hash.in_(_begun_by(payer)))
        for these, most in ((_c.browser_hash == browser, PER_BROWSER), (paid, PER_BROWSER), (_c.id > 0, MOST)):
            _forget_surplus(connection, these, most)
    return int(known)


def _begun_by(browser: str) -> Select[str]:
    return select(_c.state_hash).where(_c.browser_hash == browser, _c.start != "")


def _forget_surplus(connection: Connection, these: ColumnElement[bool], most: int) -> None:
    """Forget all but the newest; with the beginning of a login go its callbacks, which nobody would pay for then."""
    newest_first = select(_c.id, _c.state_hash, _c.start != "").where(these).order_by(_c.id.desc())
    # Read before, since SQLite may look for the second half of an "or" when the first has deleted something.
    surplus = connection.execute(newest_first.offset(most)).all()
    begun = [state_hash for _id, state_hash, begins in surplus if begins]
    if surplus:
        ids = [row.id for row in surplus]
        connection.execute(delete(inspected_login).where(or_(_c.id.in_(ids), _c.state_hash.in_(begun))))


def of_this_browser() -> Sequence[Inspected]:
    """Return this browser's logins, the newest first."""
    cookie = read_cookie(COOKIE)
    if not cookie or not _exists():
        return []
    mine = select(inspected_login).where(_c.browser_hash == secret_hash(cookie), _c.at >= utcnow() - AGE)
    mine = mine.order_by(_c.id.desc())
    return [_inspected(row) for row in db.session.execute(mine)]


def one_of(number: int) -> Inspected | None:
    """Return one login of this browser; another browser's is as good as none."""
    return next((each for each in of_this_browser() if each.id == number), None)


def forget() -> None:
    """Forget this browser's logins."""
    cookie = read_cookie(COOKIE)
    if cookie and _exists():
        with db.engine.begin() as connection:
            connection.execute(delete(inspected_login).where(_c.browser_hash == secret_hash(cookie)))


def init_app(app: Flask) -> None:
    """Let the table be known to who erases, who forgets what is old, and who compares tables with models."""
    data_sources.register(app, HOLDER)
    made_elsewhere.add(inspected_login.name)


def _erase(customer: Customer) -> None:
    """Forget what is known to be about the customer.

    That is what was decided about the account, and whatever names a Vipps user of theirs: a login that was refused or
    cancelled belongs to no account, and may still hold a name and an address.
    """
    if not _exists():
        return
    theirs = db.session.scalars(select(VippsLink.subject).where(VippsLink.customer_id == customer.id))
    named = (_c.callback.contains(f'"sub": {json.dumps(each)}', autoescape=True) for each in theirs)
    db.session.execute(delete(inspected_login).where(or_(_c.customer_id == customer.id, *named)))


def cookie() -> Cookie:
    """Say on the privacy page what the cookie is for."""
    return Cookie(cookie_name(COOKIE), "Shows you your own logins, step by step, in the guide.", format_period(AGE))


def _payer(connection: Connection, state_hash: str, browser: str, now: datetime) -> str | None:
    """Return the browser whose number of logins a callback counts in; None if nobody's.

    That is its own if it has begun a login here, or else the one that began this login, unless that has been told too
    often: a browser that has only been sent a callback may not send any number of them.
    """
    kept = _c.at >= now - AGE
    if connection.scalar(_begun_by(browser).where(kept).limit(1)) is not None:
        return browser
    began = case((_c.start != "", _c.browser_hash))
    told = select(func.count(_c.id), func.max(began)).where(_c.state_hash == state_hash, kept)
    count, payer = connection.execute(told).one()
    return payer if count < PER_LOGIN else None


def _make_table() -> None:
    if _exists():
        return
    try:
        metadata.create_all(db.engine)
    except (OperationalError, ProgrammingError):  # another worker made it at the same moment
        if not _exists():
            raise


def _exists() -> bool:
    return inspect(db.engine).has_table(inspected_login.name)


HOLDER = data_sources.DataSource(
    name="inspected_logins",
    title="Logins in the inspector",
    erase=_erase,
    rules=(data_sources.deletes("logins in the inspector", inspected_login, lambda now: _c.at < now - AGE, _exists),),
)
"""The inspector's part in erasing and forgetting; a copy of one's data needs no copy of a copy."""


def _inspected(row: Row[Any]) -> Inspected:
    start, callback = (json.loads(half) if half else None for half in (row.start, row.callback))
    return Inspected(row.id, row.at, row.reference, start, callback)

"""A login in progress: one database row from the redirect to Vipps until the callback.

The row, not a cookie, holds what the callback needs: the nonce, the PKCE verifier, the purpose, on whose behalf it was
begun, and the way back. So any worker or host can finish the login, any number of tabs may be under way, and a lost
cookie is a page that explains. The browser holds one random cookie, and the row its hash: a callback in another browser
is recognised and never logs anybody in (RFC 9700, section 4.7). A row is taken once, in one statement, before the code
is sent anywhere, so that a double click cannot redeem a code twice (RFC 6749, section 4.1.2). What it led to is noted
in it, for a callback that comes again.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    union_all,
    update,
)

from .errors import LoginRefused
from .purposes import Purpose

LIFETIME = timedelta(minutes=15)
# How long a finished or expired attempt is remembered, to say "already used" rather than "unknown".
MEMORY = timedelta(hours=1)
# Open logins of one browser: enough for any number of tabs, too few to fill a disk.
PER_BROWSER = 30
# Of all browsers together, whatever a machine without cookies does; and how many old ones go at a time.
MOST = 100_000
AT_A_TIME = 500
# Seconds after which nobody is at work on a claimed attempt any more.
LONGEST_CALLBACK = 10

metadata = MetaData()
login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state_hash", String(64), nullable=False, unique=True),
    Column("browser_hash", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("owner", String(64), nullable=False, server_default=""),
    Column("next_path", String(500), nullable=False),
    # Seconds since 1970: compared by the database, alike on SQLite and PostgreSQL.
    Column("expires_at", Integer, nullable=False, index=True),
    Column("used_at", Integer),
    Column("outcome", String(64)),
    Index("ix_login_attempt_browser_hash", "browser_hash"),
)

# The statements of every login, built once: building one costs more than SQLite takes to run it.
_c = login_attempt.c
_BEGIN = insert(login_attempt)
_CLAIM = (
    update(login_attempt)
    .where(
        _c.state_hash == bindparam("state"),
        _c.browser_hash == bindparam("browser"),
        _c.used_at.is_(None),
        _c.expires_at >= bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(login_attempt)
)
_FINISH = update(login_attempt).where(_c.id == bindparam("attempt")).values(outcome=bindparam("result"))
# What nobody will finish: what is too old, what is beyond all that there may be, and the oldest attempts of a browser
# beyond what it may have open, counting the one that is about to begin.
_OLD = select(_c.id).where(_c.expires_at < bindparam("before")).limit(AT_A_TIME)
_BEYOND = select(_c.id).where(_c.id <= select(func.max(_c.id) - bindparam("most")).scalar_subquery())
_SURPLUS = select(_c.id).where(_c.browser_hash == bindparam("browser")).order_by(_c.id.desc()).offset(PER_BROWSER - 1)
_FORGET = delete(login_attempt).where(
    _c.id.in_(union_all(*(select(each.subquery().c.id) for each in (_OLD, _BEYOND, _SURPLUS))))
)


@dataclass(frozen=True)
class Attempt:
    """A login in progress. `state` is known only at the start; afterwards the database has its hash.

    `owner` names on whose behalf it was begun, in the merchant's words: empty for a login. `used_at` (seconds since
    1970) is when it was claimed, 0 before.
    """

    id: int
    nonce: str
    code_verifier: str
    purpose: Purpose
    next_path: str
    owner: str = ""
    state: str = ""
    used_at: int = 0


@dataclass(frozen=True)
class Repeated:
    """The same browser came back a second time. `outcome` is what the first time led to, once it is known."""

    attempt: Attempt
    outcome: str | None


class Expired(LoginRefused):
    """The attempt was begun in this very browser, but too long ago; it was not taken."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__("state_expired")
        self.attempt = attempt


def random_value() -> str:
    """Return 256 random bits in 43 URL-safe characters; RFC 7636 section 4.1 and RFC 9700 ask for no fewer than 128."""
    return secrets.token_urlsafe(32)


def hash_of(value: str) -> str:
    """Return the SHA-256 of a random value, which is all that the database keeps of it."""
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


class Attempts:
    """The store of logins in progress. `engine` is called late, because Flask-SQLAlchemy has it inside an app only."""

    def __init__(self, engine: Callable[[], Engine], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def begin(self, browser: str, purpose: Purpose, next_path: str, owner: str = "") -> Attempt:
        """Write a new attempt for a browser, given its cookie value, and forget the ones that nobody will finish."""
        state, nonce, verifier = random_value(), random_value(), random_value()
        expires = int((self._now() + LIFETIME).timestamp())
        browser_hash = hash_of(browser)
        row = {
            "state_hash": hash_of(state),
            "browser_hash": browser_hash,
            "nonce": nonce,
            "code_verifier": verifier,
            "purpose": purpose,
            "owner": owner,
            "next_path": next_path,
            "expires_at": expires,
        }
        with self._engine().begin() as connection:
            connection.execute(_FORGET, {"before": self._forgotten(), "most": MOST, "browser": browser_hash})
            key = connection.execute(_BEGIN, row).inserted_primary_key
        return Attempt(key[0] if key else 0, nonce, verifier, purpose, next_path, owner, state)

    def claim(self, state: str, browser: str) -> Attempt | Repeated:
        """Take the attempt of a state for this browser, once and atomically.

        Returns `Repeated` when this browser has taken it before. Raises `LoginRefused` when there is no such
        attempt, it is too old (`Expired`), or it was begun in another browser; then nothing is taken, so the right
        browser can still finish.
        """
        mine = {"state": hash_of(state), "browser": hash_of(browser), "now": self._seconds()}
        with self._engine().begin() as connection:
            row = connection.execute(_CLAIM, mine).one_or_none()
        return _attempt(row) if row else self._why_not(state, browser)

    def finish(self, attempt: Attempt, outcome: str, connection: Connection | None = None) -> None:
        """Note what the attempt led to, so that a repeated callback can be led to the same place.

        With a connection this is part of its transaction, which the caller commits.
        """
        result = {"attempt": attempt.id, "result": outcome}
        if connection:
            connection.execute(_FINISH, result)
            return
        with self._engine().begin() as own:
            own.execute(_FINISH, result)

    def outcome_of(self, attempt: Attempt) -> str | None:
        """Return what an attempt led to, or None while it is not known."""
        with self._engine().connect() as connection:
            return connection.scalar(select(login_attempt.c.outcome).where(login_attempt.c.id == attempt.id))

    def outcomes_of(self, browser: str, connection: Connection) -> Sequence[str]:
        """Return what the logins of a browser led to that are not forgotten yet."""
        ended = select(_c.outcome).where(_c.browser_hash == hash_of(browser), _c.outcome.is_not(None))
        return connection.scalars(ended).all()

    def in_progress(self, attempt: Attempt) -> bool:
        """Tell whether a claimed attempt may still be at work; a killed worker leaves one without an outcome."""
        return self._seconds() - attempt.used_at <= LONGEST_CALLBACK

    def _why_not(self, state: str, browser: str) -> Repeated:
        with self._engine().connect() as connection:
            by_state = select(login_attempt).where(login_attempt.c.state_hash == hash_of(state))
            row = connection.execute(by_state).one_or_none()
        if row is None:
            raise LoginRefused("state_unknown")
        if row.browser_hash != hash_of(browser):
            raise LoginRefused("not_this_browser" if browser else "other_browser")
        if row.used_at is None:
            raise Expired(_attempt(row))
        return Repeated(_attempt(row), row.outcome)

    def _seconds(self) -> int:
        return int(self._now().timestamp())

    def _forgotten(self) -> int:
        return int((self._now() - MEMORY).timestamp())


def _attempt(row: Row) -> Attempt:  # type: ignore[type-arg]  # a row of the table above
    purpose = Purpose(row.purpose)
    return Attempt(row.id, row.nonce, row.code_verifier, purpose, row.next_path, row.owner, used_at=row.used_at or 0)

"""Logins in progress (attempts): one database row from the redirect to Vipps until the callback.

The row, not a cookie, has what the callback needs: the nonce, the PKCE verifier, the purpose, the owner and the return
path. So any worker or host can finish the login, several tabs can log in at the same time, and a lost cookie leads to a
page that explains. The browser has one random cookie, and the row its hash: a callback in another browser is recognised
and logs no user in (RFC 9700, section 4.7). A row is claimed once, in one statement, before the code is sent, so that a
double click cannot exchange a code twice (RFC 6749, section 4.1.2). Its outcome is stored for a repeated callback.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from .errors import LoginRefused
from .purposes import LoginPurpose

LIFETIME = timedelta(minutes=15)
# How long a finished or expired attempt is kept, to answer "already used" instead of "unknown".
RETENTION = timedelta(hours=1)
# Open attempts of one browser: enough for many tabs, too few to fill a disk.
MAX_PER_BROWSER = 30
# Attempts of all browsers together, also of clients without cookies; and how many old ones are deleted at a time.
MAX_ATTEMPTS = 100_000
BATCH_SIZE = 500
# The longest time that a callback works on a claimed attempt.
MAX_CALLBACK_SECONDS = 10

metadata = sa.MetaData()
login_attempt = sa.Table(
    "login_attempt",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("browser_hash", sa.String(64), nullable=False),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("code_verifier", sa.String(128), nullable=False),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False, server_default=""),
    sa.Column("next_path", sa.String(500), nullable=False),
    # Seconds since 1970, which SQLite and PostgreSQL compare in the same way.
    sa.Column("expires_at", sa.Integer, nullable=False, index=True),
    sa.Column("used_at", sa.Integer),
    sa.Column("outcome", sa.String(64)),
    sa.Index("ix_login_attempt_browser_hash", "browser_hash"),
)

# The statements of every login, built once: building one costs more than SQLite takes to run it.
_c = login_attempt.c
_BEGIN = sa.insert(login_attempt)
_CLAIM = (
    sa.update(login_attempt)
    .where(
        _c.state_hash == sa.bindparam("state"),
        _c.browser_hash == sa.bindparam("browser"),
        _c.used_at.is_(None),
        _c.expires_at >= sa.bindparam("now"),
    )
    .values(used_at=sa.bindparam("now"))
    .returning(login_attempt)
)
_FINISH = sa.update(login_attempt).where(_c.id == sa.bindparam("attempt")).values(outcome=sa.bindparam("result"))
# Attempts to delete: those that are too old, those beyond the maximum of all browsers, and the oldest of this browser
# beyond its maximum, counting the one that is about to start.
_OLD = sa.select(_c.id).where(_c.expires_at < sa.bindparam("before")).limit(BATCH_SIZE)
_BEYOND = sa.select(_c.id).where(_c.id <= sa.select(sa.func.max(_c.id) - sa.bindparam("most")).scalar_subquery())
_SURPLUS = (
    sa.select(_c.id)
    .where(_c.browser_hash == sa.bindparam("browser"))
    .order_by(_c.id.desc())
    .offset(MAX_PER_BROWSER - 1)
)
_FORGET = sa.delete(login_attempt).where(
    _c.id.in_(sa.union_all(*(sa.select(each.subquery().c.id) for each in (_OLD, _BEYOND, _SURPLUS))))
)


@dataclass(frozen=True)
class Attempt:
    """A login in progress. `state` is known at the start and to `find`; the database has only its hash.

    `owner` names the session for which the attempt was started, in the merchant's words; empty for a login. `used_at`
    (seconds since 1970) is when it was claimed, 0 before.
    """

    id: int
    nonce: str
    code_verifier: str
    purpose: LoginPurpose
    next_path: str
    owner: str = ""
    state: str = ""
    used_at: int = 0


@dataclass(frozen=True)
class Repeated:
    """A repeated callback of the same browser. `outcome` is that of the first callback, or None if not yet known."""

    attempt: Attempt
    outcome: str | None


class Expired(LoginRefused):
    """The attempt was started in this browser, but too long ago; it was not claimed."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__("state_expired")
        self.attempt = attempt


def random_value() -> str:
    """Return 256 random bits as 43 URL-safe characters; RFC 7636, section 4.1, and RFC 9700 require at least 128."""
    return secrets.token_urlsafe(32)


def hash_of(value: str) -> str:
    """Return the SHA-256 of a random value; the database stores only this."""
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


class Attempts:
    """The store of attempts. `engine` is called late, because Flask-SQLAlchemy has it only inside an app context."""

    def __init__(
        self, engine: Callable[[], sa.Engine], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._now = now

    def begin(
        self, browser: str, purpose: LoginPurpose, next_path: str, owner: str = "", nonce: str = "", verifier: str = ""
    ) -> Attempt:
        """Store a new attempt for a browser, given its cookie value, and delete attempts that will not be finished.

        A merchant-initiated login has started at Vipps before: pass its nonce, and its `auth_req_id` as the verifier.
        """
        nonce, verifier, now = nonce or random_value(), verifier or random_value(), self._seconds()
        attempt = Attempt(0, nonce, verifier, purpose, next_path, owner, state=random_value())
        row = {
            "state_hash": hash_of(attempt.state),
            "browser_hash": hash_of(browser),
            "nonce": nonce,
            "code_verifier": verifier,
            "purpose": purpose,
            "owner": owner,
            "next_path": next_path,
            "expires_at": now + int(LIFETIME.total_seconds()),
        }
        too_old = now - int(RETENTION.total_seconds())
        with self._engine().begin() as connection:
            connection.execute(_FORGET, {"before": too_old, "most": MAX_ATTEMPTS, "browser": row["browser_hash"]})
            key = connection.execute(_BEGIN, row).inserted_primary_key
        return replace(attempt, id=key[0] if key else 0)

    def claim(self, state: str, browser: str) -> Attempt | Repeated:
        """Claim the attempt of a state for this browser, once and atomically.

        Return `Repeated` if this browser has claimed it before. Raise `LoginRefused` if there is no such attempt, it
        is too old (`Expired`), or it was started in another browser; then it stays unclaimed, so that the right browser
        can still finish.
        """
        parameters = {"state": hash_of(state), "browser": hash_of(browser), "now": self._seconds()}
        with self._engine().begin() as connection:
            row = connection.execute(_CLAIM, parameters).one_or_none()
        if row:
            return _attempt(row)
        found = self.find(state, browser)
        if isinstance(found, Attempt):
            raise Expired(found)  # it expired just now
        return found

    def find(self, state: str, browser: str) -> Attempt | Repeated:
        """Return the attempt of a state for this browser, without claiming it; otherwise behave like `claim`."""
        with self._engine().connect() as connection:
            by_state = sa.select(login_attempt).where(login_attempt.c.state_hash == hash_of(state))
            row = connection.execute(by_state).one_or_none()
        if row is None:
            raise LoginRefused("state_unknown")
        if row.browser_hash != hash_of(browser):
            raise LoginRefused("not_this_browser" if browser else "other_browser")
        if row.used_at is not None:
            return Repeated(_attempt(row), row.outcome)
        if row.expires_at < self._seconds():
            raise Expired(_attempt(row))
        return replace(_attempt(row), state=state)

    def finish(self, attempt: Attempt, outcome: str, connection: sa.Connection | None = None) -> None:
        """Store the outcome of the attempt, for a repeated callback.

        With a connection this is part of its transaction, which the caller commits.
        """
        result = {"attempt": attempt.id, "result": outcome}
        if connection:
            connection.execute(_FINISH, result)
            return
        with self._engine().begin() as own:
            own.execute(_FINISH, result)

    def outcome_of(self, attempt: Attempt) -> str | None:
        """Return the outcome of an attempt, or None while it is unknown."""
        with self._engine().connect() as connection:
            return connection.scalar(sa.select(login_attempt.c.outcome).where(login_attempt.c.id == attempt.id))

    def outcomes_of(self, browser: str, connection: sa.Connection) -> Sequence[str]:
        """Return the outcomes of a browser's attempts that are still stored."""
        ended = sa.select(_c.outcome).where(_c.browser_hash == hash_of(browser), _c.outcome.is_not(None))
        return connection.scalars(ended).all()

    def in_progress(self, attempt: Attempt) -> bool:
        """Tell whether a callback may still work on this attempt; a killed worker leaves it without an outcome."""
        return self._seconds() - attempt.used_at <= MAX_CALLBACK_SECONDS

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def _attempt(row: sa.Row) -> Attempt:  # type: ignore[type-arg]  # a row of the table above
    purpose = LoginPurpose(row.purpose)
    return Attempt(row.id, row.nonce, row.code_verifier, purpose, row.next_path, row.owner, used_at=row.used_at or 0)

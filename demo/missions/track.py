"""Keep the ticks of a track, which is the guided tour or the missions, in a cookie of the browser.

The cookie has only the names of the steps, so it outlives a restart, and the missions' also a reset. Steps are noticed
when a page shows them, for example in the demo's bar: no redirect, file or form does, so a login runs none of this.

In a workshop's room the room knows what is solved, and the cookie is only a copy for the time after the room's end. So
no learner inherits ticks of the browser, and a learner who is reset or changes computers sees the room's ticks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.customers.privacy.retention import format_period
from app.customers.sessions.session_cookie import SESSION_COOKIE
from app.database import db
from app.guide.inspector import store
from app.logging import failure
from app.security import cookie_name, read_cookie, set_cookie
from app.settings import INSTANCE, settings_of_app
from app.shop import privacy_notice
from app.shop.privacy_notice import Cookie
from app.tokens import secret_hash
from demo.missions.noticing import Condition, StoredFacts, Visitor, all_hold, done_by_request
from demo.sqlite_files import read_only, version

LIFETIME = timedelta(days=30)
OPENED = "@"  # in front of the current step, in the cookie
MAX_REMEMBERED = 1000
EVER = datetime(2000, 1, 1, tzinfo=UTC)  # no row is older


@dataclass(frozen=True)
class Track:
    """A list of steps with the conditions of each; `purpose` describes the cookie on the privacy page.

    `room` returns the room (`demo.workshop.RoomStatus`) of a learner whose ticks the room keeps, else None.
    """

    cookie: str
    steps: Mapping[str, Sequence[Condition]]
    purpose: Callable[[], str]
    room: Callable[[], Any] = lambda: None

    def init_app(self, app: Flask) -> None:
        """Keep the cookie."""
        app.before_request(self._mark_personal)
        app.after_request(self._keep)
        app.extensions[f"demo.{self.cookie}"] = {}  # what `_find_new` saw, by the browser's tokens
        privacy_notice.register_cookie(
            app, lambda: Cookie(cookie_name(self.cookie), self.purpose(), format_period(LIFETIME))
        )

    def _mark_personal(self) -> None:
        """Keep the shop from caching a page for all visitors: its bar shows this browser's next step."""
        if read_cookie(self.cookie) or any(_tokens()):
            g.is_personal = True

    def open(self, step: str) -> None:
        """Make a step the current one."""
        setattr(g, f"{self.cookie}_opened", step)

    def current(self) -> str:
        """Return the step that was opened last; empty if there is none."""
        room, parts = self.room(), read_cookie(self.cookie).split(".")
        opened = [room.current] if room else [part[1:] for part in parts if part.startswith(OPENED)]
        stored = next((each for each in opened if each in self.steps), "")
        return str(g.get(f"{self.cookie}_opened", stored))

    def ticked(self) -> frozenset[str]:
        """Return the steps that are done. The first call in a request finds new ones; a room finds its own."""
        if self.cookie not in g:
            room = self.room()
            done = {*(room.solved if room else read_cookie(self.cookie).split("."))} & self.steps.keys()
            by_page = request.endpoint or "", failure()
            done |= {key for key, solved in self.steps.items() if done_by_request(solved, *by_page)}
            is_page = request.method == "GET" and not failure()
            setattr(g, self.cookie, frozenset(done | self._find_new(done) if is_page and not room else done))
        ticked: frozenset[str] = g.get(self.cookie)
        return ticked

    def _find_new(self, done: set[str]) -> set[str]:
        """Look for more steps, unless the shop's database is as it was the last time."""
        looked, tokens = current_app.extensions[f"demo.{self.cookie}"], _tokens()
        if not _is_world() and not any(tokens):  # a new visitor costs no query
            return set()
        try:
            written = _version()
            if looked.get(tokens) == (written, done):
                return set()
            found = self._find(self.steps.keys() - done)
        except SQLAlchemyError:  # the page does not depend on it
            db.session.rollback()
            return set()
        if len(looked) >= MAX_REMEMBERED:
            looked.clear()
        looked[tokens] = written, done | found
        return found

    def answer(self, step: str, answer: str) -> bool:
        """Tell whether this answer solves a step, which is ticked then.

        A tick is no proof of that: the cookie is not signed, and it may be from an earlier world.
        """
        found = self._find([step], answer)
        setattr(g, self.cookie, self.ticked() | found)
        return bool(found)

    def _find(self, steps: Iterable[str], answer: str = "") -> set[str]:
        """Return those of some steps that are done by what is stored."""
        room = self.room()
        with facts(answer, room.since if room else EVER) as stored:
            return {key for key in steps if all_hold(self.steps[key], stored)}

    def _keep(self, response: Response) -> Response:
        """Set the cookie if a page showed the steps. A file, which a shared cache may keep, does not show them."""
        if self.cookie in g and (response.status_code < 400 or failure()):  # to open a missing page does no step
            current, done = self.current(), self.ticked()
            value = ".".join([*(key for key in self.steps if key in done), *([OPENED + current] if current else [])])
            if value != read_cookie(self.cookie):
                set_cookie(response, self.cookie, value, max_age=LIFETIME)
        return response


@contextmanager
def facts(answer: str = "", since: datetime = EVER) -> Iterator[StoredFacts]:
    """Yield what this shop and its simulator have stored; where visitors share a shop, only what this browser did."""
    visitor = None if _is_world() else Visitor(*map(secret_hash, _tokens()))
    with read_only(_shop_file()) as shop, read_only(_simulator_file()) as simulator:
        yield StoredFacts(shop or db.session.connection(), simulator, since, answer, visitor)


def _is_world() -> bool:
    return "demo.world" in current_app.extensions


def _tokens() -> tuple[str, str]:
    """Return the tokens by which stored rows are this browser's; empty ones if it has done nothing yet."""
    return store.read_token(), read_cookie(SESSION_COOKIE)


def _version() -> object:
    """Return what changes when the shop's database is written."""
    if db.engine.dialect.name == "postgresql":
        return db.session.scalar(text("SELECT pg_current_snapshot()::text"))
    return version(_shop_file())


def _shop_file() -> Path:
    """Return the shop's SQLite file. With PostgreSQL it does not exist."""
    return Path(db.engine.url.database or "")


def _simulator_file() -> Path:
    """Return the file of the simulator beside this shop, or of its world there, if it is on this computer."""
    world = urlsplit(settings_of_app().simulator_url).path.removeprefix("/w/")
    return INSTANCE / "worlds" / f"{world}.sqlite" if world else INSTANCE / "simulator.sqlite"

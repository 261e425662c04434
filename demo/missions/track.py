"""Keep the ticks of a track, which is the guided tour or the missions, in a cookie of the browser.

The cookie has only the names of the steps, so it outlives a restart, and the missions' also a reset, and a page that
shows the next step reads no database. It is renewed after a request that may have done a step.

In a workshop's room the room knows what is solved, and the cookie is only a copy for the time after the room's end. So
no learner inherits ticks of the browser, and a learner who is reset or changes computers sees the room's ticks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from app.customers.privacy.retention import format_period
from app.customers.sessions.session_cookie import SESSION_COOKIE
from app.database import db
from app.guide.inspector import store
from app.guide.inspector.recording import is_callback
from app.logging import failure
from app.security import cookie_name, read_cookie, set_cookie
from app.settings import INSTANCE, settings_of_app
from app.shop import privacy_notice
from app.shop.privacy_notice import Cookie
from app.tokens import secret_hash
from demo.missions.noticing import Condition, StoredFacts, Visitor, all_hold, done_by_request

LIFETIME = timedelta(days=30)
OPENED = "@"  # in front of the current step, in the cookie
EVER = datetime(2000, 1, 1, tzinfo=UTC)  # no row is older


@dataclass(frozen=True)
class Track:
    """A list of steps with the conditions of each; `purpose` describes the cookie on the privacy page.

    A track that has to be opened is noticed, and has a cookie, only after the browser has opened one of its steps.
    `room` returns the room (`demo.workshop.RoomStatus`) of a learner whose ticks the room keeps, else None.
    """

    cookie: str
    steps: Mapping[str, Sequence[Condition]]
    purpose: Callable[[], str]
    has_to_be_opened: bool = False
    room: Callable[[], Any] = lambda: None

    def init_app(self, app: Flask) -> None:
        """Keep the cookie. Call it before the inspector's `init_app`, whose hook has to run first."""
        app.before_request(self._mark_personal)
        app.after_request(self._keep)
        privacy_notice.register_cookie(
            app, lambda: Cookie(cookie_name(self.cookie), self.purpose(), format_period(LIFETIME))
        )

    def _mark_personal(self) -> None:
        """Keep the shop from caching a page for all visitors: its bar shows this browser's next step."""
        if read_cookie(self.cookie):
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
        """Return the steps that are done. Without a room it reads no database."""
        room = self.room()
        done = {*(room.solved if room else read_cookie(self.cookie).split(".")), *g.get(self.cookie, ())}
        by_request = {
            key for key, solved in self.steps.items() if done_by_request(solved, request.endpoint or "", failure())
        }
        return frozenset((done | by_request) & self.steps.keys())

    def notice(self, answer: str = "", asked: str = "") -> bool:
        """Look in the database for the steps that are not ticked yet; tell whether it shows the one that is asked for.

        A tick is no proof of that: the cookie is not signed, and it may be from an earlier world.
        """
        done, room = self.ticked(), self.room()
        with facts(answer, room.since if room else EVER) as stored:
            open_steps = [key for key in self.steps if key not in done or key == asked]
            found = {key for key in open_steps if all_hold(self.steps[key], stored)}
        setattr(g, self.cookie, found | done)
        return asked in found

    def _keep(self, response: Response) -> Response:
        """Set the cookie after a request that may have done a step; an error here is the demo's alone."""
        # A file is the same for every visitor, and a shared cache would give this browser's cookie to others.
        if response.mimetype != "text/html" or (response.status_code >= 400 and not is_callback()):
            return response
        current = self.current()
        if self.has_to_be_opened and not current and not self.room():
            return response
        if is_callback() or request.method == "POST":
            try:
                self.notice()
            except SQLAlchemyError:
                db.session.rollback()
        done = self.ticked()
        value = ".".join([*(key for key in self.steps if key in done), *([OPENED + current] if current else [])])
        if value != read_cookie(self.cookie):
            set_cookie(response, self.cookie, value, max_age=LIFETIME)
        return response


@contextmanager
def facts(answer: str = "", since: datetime = EVER) -> Iterator[StoredFacts]:
    """Yield what this shop and its simulator have stored; where visitors share a shop, only what this browser did."""
    world = current_app.extensions.get("demo.world")
    tokens = store.read_token(), read_cookie(SESSION_COOKIE)
    visitor = None if world else Visitor(*map(secret_hash, tokens))
    engine = _reader(world.simulator_file if world else _simulator_file())
    if engine is None:
        yield StoredFacts(db.session.connection(), None, since, answer, visitor)
    else:
        with engine.connect() as simulator:
            yield StoredFacts(db.session.connection(), simulator, since, answer, visitor)


def _simulator_file() -> Path:
    """Return the file of the simulator that runs beside this shop, or of a world in it (`simulator.worlds`)."""
    world = urlsplit(settings_of_app().simulator_url).path.removeprefix("/w/")
    return INSTANCE / "worlds" / f"{world}.sqlite" if world else INSTANCE / "simulator.sqlite"


def _reader(file: Path) -> Engine | None:
    """Return an engine that only reads a file; None if it is not on this computer."""
    return _engine(file) if file.is_file() else None


@lru_cache(maxsize=64)
def _engine(file: Path) -> Engine:
    return create_engine(f"sqlite:///file:{file}?mode=ro&uri=true", poolclass=NullPool)

"""Store rooms and learners, and change them: join, come back, pause, reset, end, delete.

Rule: a learner is known by the world of their browser, whose id only that browser, this database and the dispatcher
have. A room and all that belongs to it is deleted `KEEP` after its end, or when the teacher deletes it.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app.database import utcnow
from app.logging import log
from demo.workshop import codes
from demo.workshop.models import MAX_WRONG, Feedback, Learner, Pause, Progress, Room, StageResult, Teacher
from demo.workshop.store import Store

KEEP = timedelta(days=7)  # after the end of a room
MAX_OPEN = timedelta(days=14)  # a room that the teacher forgets ends then
MAX_ROOMS = 50
SPARE_WORLDS = 8  # a class joins faster than worlds are made
MAX_LEARNERS = 60  # in a room
MAX_LEARNERS_IN_ALL = 500  # each has a world
MAX_STAGES = 40  # of a learner
CLEANUP_SECONDS = 3600
STATUS_SECONDS = 2  # how long a page may show an earlier status
MAX_CACHED = 1000
MAX_HINTS = 9
# Every page of a learner asks for it; to build it takes longer than to run it.
_LEARNER = select(Learner).where(Learner.world_id == bindparam("world_id")).options(joinedload(Learner.room))


class VisitorWorld(Protocol):
    """What the workshop reads of a visitor's world."""

    id: str
    folder: Path

    @property
    def shop_file(self) -> Path:
        """Return the shop's SQLite file."""

    @property
    def simulator_file(self) -> Path:
        """Return the simulator's SQLite file."""


class VisitorWorlds(Protocol):
    """What the workshop uses of the worlds."""

    kept: Callable[[], Iterable[str]]
    delete_old_rooms: Callable[[], None]

    def prepare(self, count: int, /) -> Any:
        """Make worlds ahead, for the next calls of `create`."""

    def create(self) -> Any:
        """Return a new world, or None if there are too many."""

    def find(self, id: str, /) -> Any:
        """Return a world, or None."""

    def shop(self, world: Any, /) -> Any:
        """Return the shop of a world, a Flask app."""

    def reset(self, world: Any, /) -> Any:
        """Give a world a fresh shop and a fresh simulator."""

    def drop(self, world: Any, /) -> Any:
        """Delete a world."""


class BoardMission(NamedTuple):
    """A mission as the board shows it; `title` may be a lazily translated text."""

    id: str
    title: Any
    part: str


@dataclass(frozen=True)
class RoomStatus:
    """What the pages of a learner's world show of the room."""

    code: str
    nickname: str
    is_paused: bool
    message: str
    open_parts: tuple[str, ...]
    solved: frozenset[str]
    current: str
    """The mission that was opened last; empty if there is none."""
    since: datetime


class RefusedError(Exception):
    """The room cannot take another learner; the argument is the reason: `full`, `ended`, `closed` or `taken`."""


class Rooms(Store):
    """All rooms of this server."""

    def __init__(
        self,
        worlds: VisitorWorlds,
        folder: Path,
        missions: Sequence[BoardMission],
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        super().__init__(folder, now)
        self.worlds, self.missions = worlds, tuple(missions)
        self.parts = tuple(dict.fromkeys(each.part for each in missions))
        self._statuses: dict[str, tuple[float, RoomStatus | None]] = {}
        self._cleaned_at = float("-inf")

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that writes; after it, what the pages have cached is read again."""
        with super().writing() as session:
            yield session
        self._statuses.clear()

    # Rooms

    def create(self) -> Room | None:
        """Open a room; None if there are too many."""
        self.delete_old()
        with self.writing() as session:
            if (session.scalar(select(func.count(Room.id))) or 0) >= MAX_ROOMS:
                return None
            code = codes.new_room_code()
            while session.scalar(select(Room.id).where(Room.code == code)) is not None:
                code = codes.new_room_code()
            room = Room(code=code, created_at=self.now())
            session.add(room)
        self.worlds.prepare(SPARE_WORLDS)
        log.info("workshop_room_opened")
        return room

    def list_rooms(self) -> Sequence[Room]:
        """Return all rooms with their learners, the newest first."""
        with self.reading() as session:
            found = select(Room).options(selectinload(Room.learners)).order_by(Room.id.desc())
            return session.scalars(found).all()

    def find(self, code: str) -> Room | None:
        """Return a room with its learners and its pauses, or None."""
        found = select(Room).where(Room.code == code)
        with self.reading() as session:
            return session.scalar(found.options(selectinload(Room.learners), selectinload(Room.pauses)))

    def change(self, code: str, **values: Any) -> None:
        """Change the values of a room."""
        with self.writing() as session:
            session.execute(update(Room).where(Room.code == code).values(**values))

    def pause(self, code: str, is_paused: bool) -> None:
        """Pause a room that has not ended, or let it go on."""
        with self.writing() as session:
            room = session.scalar(select(Room).where(Room.code == code, Room.ended_at.is_(None)))
            if room is None or room.is_paused == is_paused:
                return
            room.is_paused = is_paused
            if is_paused:
                session.add(Pause(room_id=room.id, began_at=self.now()))
            else:
                running = update(Pause).where(Pause.room_id == room.id, Pause.ended_at.is_(None))
                session.execute(running.values(ended_at=self.now()))

    def open_missions(self, room: Room) -> Sequence[BoardMission]:
        """Return the missions of a room's open parts."""
        parts = self.parts[: room.open_parts]
        return [each for each in self.missions if each.part in parts]

    def open_next_part(self, code: str, shown: int) -> None:
        """Open the next part; `shown` is how many the page with the button showed, so that two clicks open one."""
        with self.writing() as session:
            is_next = (Room.code == code, Room.open_parts == shown, Room.open_parts < max(len(self.parts), 1))
            session.execute(update(Room).where(*is_next).values(open_parts=shown + 1, part_opened_at=self.now()))

    def end(self, code: str) -> None:
        """End a room: its learners can use their worlds until the room is deleted, but no learner can join."""
        with self.writing() as session:
            ended = {"ended_at": self.now(), "is_paused": False}
            session.execute(update(Room).where(Room.code == code, Room.ended_at.is_(None)).values(**ended))

    def delete(self, code: str) -> None:
        """Delete a room, its learners and their worlds."""
        with self.writing() as session:
            room = session.scalar(select(Room).where(Room.code == code))
            worlds = [learner.world_id for learner in room.learners] if room else []
            if room:
                session.delete(room)
        for world_id in worlds:
            self._drop_world(world_id)
        if room:
            log.info("workshop_room_deleted", learners=len(worlds))

    def delete_old(self) -> None:
        """Delete the rooms that ended long ago, end those that were forgotten, and delete old teachers' sessions."""
        self._cleaned_at = time.monotonic()
        with self.writing() as session:
            forgotten = (Room.ended_at.is_(None), Room.created_at < self.now() - MAX_OPEN)
            session.execute(update(Room).where(*forgotten).values(ended_at=self.now(), is_paused=False))
            session.execute(delete(Teacher).where(~self.is_valid()))
            old = session.scalars(select(Room.code).where(Room.ended_at < self.now() - KEEP)).all()
        for code in old:
            self.delete(code)

    def delete_old_now_and_then(self) -> None:
        """Delete what is old, at most once an hour in each process."""
        if time.monotonic() - self._cleaned_at > CLEANUP_SECONDS:
            self.delete_old()

    # Learners

    def join(self, code: str, nickname: str) -> Learner:
        """Add a learner with a world to a room; raises `RefusedError`."""
        self._check_can_join(code, nickname)
        world = self.worlds.create()
        if world is None:
            raise RefusedError("full")
        try:
            with self.writing() as session:
                room = self._check_can_join(code, nickname, session)
                taken = {each.words for each in room.learners}
                words = next(each for each in iter(codes.new_words, "") if each not in taken)
                now = self.now()
                learner = Learner(
                    room=room, nickname=nickname, words=words, world_id=world.id, joined_at=now, since=now
                )
                session.add(learner)
        except BaseException:
            self.worlds.drop(world)
            raise
        self.worlds.prepare(1)  # for the next one
        return learner

    def _check_can_join(self, code: str, nickname: str, session: Session | None = None) -> Room:
        """Return the room; raises `RefusedError`. Called before a world is made, and again in the transaction."""
        if session is None:
            with self.reading() as reading:
                return self._check_can_join(code, nickname, reading)
        room = session.scalar(select(Room).where(Room.code == code))
        if room is None or room.ended_at:
            raise RefusedError("ended")
        if room.is_closed:
            raise RefusedError("closed")
        in_all = session.scalar(select(func.count(Learner.id))) or 0
        if len(room.learners) >= MAX_LEARNERS or in_all >= MAX_LEARNERS_IN_ALL:
            raise RefusedError("full")
        if _is_taken(room, nickname):
            raise RefusedError("taken")
        return room

    def world_ids(self) -> list[str]:
        """Return the worlds of all learners, which are kept although they are not used."""
        with self.reading() as session:
            return list(session.scalars(select(Learner.world_id)))

    def learner_by_words(self, code: str, words: str) -> Learner | None:
        """Return the learner of a room who has these words, or None."""
        found = select(Learner).join(Room).where(Room.code == code, Learner.words == words)
        with self.reading() as session:
            return session.scalar(found)

    def learner_of(self, world_id: str) -> Learner | None:
        """Return the learner of a world with their room, or None."""
        with self.reading() as session:
            return session.scalar(_LEARNER, {"world_id": world_id})

    def rename(self, learner: Learner, nickname: str) -> bool:
        """Give a learner another nickname; return False if they left or another learner has it."""
        with self.writing() as session:
            mine = session.get(Learner, learner.id)
            if mine is None or _is_taken(mine.room, nickname, except_id=mine.id):
                return False
            mine.nickname = nickname
        return True

    def hide(self, learner: Learner, is_hidden: bool) -> None:
        """Leave a learner out of the board, the projector and the ranking, or show them again."""
        with self.writing() as session:
            session.execute(update(Learner).where(Learner.id == learner.id).values(is_hidden=is_hidden))

    def reset(self, learner: Learner) -> bool:
        """Give a learner a fresh world under the same words, and delete their progress; return False if they left."""
        try:
            if world := self.worlds.find(learner.world_id):
                self.worlds.reset(world)
        except (OSError, sqlite3.Error):
            if self.learner_of(learner.world_id):
                raise
            return False  # they were removed at the same moment, and their world with them
        with self.writing() as session:
            for table in (Progress, StageResult):
                session.execute(delete(table).where(table.learner_id == learner.id))
            session.execute(update(Learner).where(Learner.id == learner.id).values(since=self.now()))
        return True

    def leave(self, learner: Learner) -> None:
        """Delete a learner and their world."""
        with self.writing() as session:
            session.execute(delete(Learner).where(Learner.id == learner.id))
        self._drop_world(learner.world_id)

    def save_feedback(self, learner: Learner, answers: list[str]) -> None:
        """Store a learner's answers in place of earlier ones; empty ones delete them."""
        with self.writing() as session:
            session.execute(delete(Feedback).where(Feedback.learner_id == learner.id))
            if any(answers) and session.get(Learner, learner.id) is not None:
                session.add(Feedback(learner_id=learner.id, answers=answers))

    def _drop_world(self, world_id: str) -> None:
        if world := self.worlds.find(world_id):
            self.worlds.drop(world)

    # What happens in a learner's world

    def status(self, world_id: str, *, is_fresh: bool = False) -> RoomStatus | None:
        """Return what the pages of a world show of its room; None without one.

        Most calls read no database, so what another process has stored may be missing for `STATUS_SECONDS`.
        """
        known, now = self._statuses.get(world_id), time.monotonic()
        if known and known[0] > now and not is_fresh:
            return known[1]
        learner = self.learner_of(world_id)
        status = None if learner is None or learner.room.ended_at else self._status(learner)
        if len(self._statuses) >= MAX_CACHED:
            self._statuses.clear()
        self._statuses[world_id] = (now + STATUS_SECONDS, status)
        return status

    def _status(self, learner: Learner) -> RoomStatus:
        room = learner.room
        solved = frozenset(each.mission for each in learner.progress if each.solved_at)
        parts, last = self.parts[: room.open_parts], last_opened(learner.progress)
        current = last.mission if last else ""
        return RoomStatus(
            room.code, learner.nickname, room.is_paused, room.message, parts, solved, current, learner.since
        )

    def record(self, world_id: str, mission: str, *, hints: int = 0, solved: bool = False, wrong: str = "") -> None:
        """Note that the learner of a world opened a mission, took that many of its hints, answered it, or solved it.

        Without a room nothing is noted. Another mission than those of the open parts is ignored.
        """
        with self.writing() as session:
            learner = session.scalar(select(Learner).where(Learner.world_id == world_id))
            if learner is None or learner.room.ended_at:
                return
            if mission not in {each.id for each in self.open_missions(learner.room)}:
                return
            row = session.get(Progress, (learner.id, mission))
            if row is None:
                session.add(row := Progress(learner_id=learner.id, mission=mission, hints=0, wrong=0))
            if wrong:
                row.wrong, row.last_wrong = row.wrong + 1, wrong[:MAX_WRONG]
            if last_opened(learner.progress) is not row:  # a hint or an answer does not open it again
                row.opened_at = self.now()
            row.hints = max(row.hints, min(hints, MAX_HINTS))
            row.solved_at = row.solved_at or (self.now() if solved else None)

    def save_verdicts(self, code: str, words: str, stage: str, verdicts: list[Any], looked_up: bool) -> bool:
        """Store the checker's verdicts on one stage in place of earlier ones; return False if the words are unknown."""
        with self.writing() as session:
            found = select(Learner).join(Room).where(Room.code == code, Learner.words == words, Room.ended_at.is_(None))
            learner = session.scalar(found)
            if learner is None:
                return False
            row = session.get(StageResult, (learner.id, stage))
            if row is None:
                if len(learner.stages) >= MAX_STAGES:
                    return False
                session.add(row := StageResult(learner_id=learner.id, stage=stage, looked_up=False, verdicts=[]))
            row.at = self.now()
            row.verdicts = verdicts or row.verdicts  # the report that a solution was looked up has none
            row.looked_up = row.looked_up or looked_up
        return True

    def claim_check(self, code: str, every: timedelta) -> bool:
        """Tell whether this caller shall check what is solved now; of several at once, one gets True."""
        now = self.now()
        is_due = or_(Room.checked_at.is_(None), Room.checked_at <= now - every)
        with self.writing() as session:
            claimed = update(Room).where(Room.code == code, Room.ended_at.is_(None), is_due).values(checked_at=now)
            return session.execute(claimed.returning(Room.id)).first() is not None

    def note_solved(self, found: Sequence[tuple[int, str, datetime]]) -> None:
        """Store missions that were found solved: learner, mission, and the `since` for which they were checked.

        A learner who was reset meanwhile has not solved them any more.
        """
        with self.writing() as session:
            for learner_id, mission, since in found:
                learner = session.get(Learner, learner_id)
                if learner is None or learner.since != since:
                    continue
                row = session.get(Progress, (learner_id, mission))
                if row is None:
                    session.add(row := Progress(learner_id=learner_id, mission=mission, hints=0))
                if row.solved_at is None:
                    row.solved_at = self.now()


def last_opened(progress: Iterable[Progress]) -> Progress | None:
    """Return the mission that was opened last, or None."""
    opened = [(each.opened_at, each.mission, each) for each in progress if each.opened_at]
    return max(opened)[2] if opened else None


def _is_taken(room: Room, nickname: str, except_id: int | None = None) -> bool:
    return any(each.nickname.casefold() == nickname.casefold() and each.id != except_id for each in room.learners)

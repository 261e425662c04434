"""Build the teacher's board: who solved which mission, who is stuck at one, and the same as CSV.

Rule: a solved mission is noticed from the files of the learner's world, read-only, and only if the shop's has changed
since the last check. So a board that is open costs little while the class listens.
"""

import csv
import io
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.logging import log
from demo.sqlite_files import read_only, version
from demo.workshop.feedback import FEEDBACK_QUESTIONS, answers_in
from demo.workshop.models import Learner, Progress, Room, StageResult
from demo.workshop.rooms import BoardMission, Rooms, VisitorWorld, last_opened

CHECK_EVERY = timedelta(seconds=4)
MAX_CHECK_SECONDS = 0.15  # of a page; what is left is for the next one
NEVER: tuple[float, tuple[object, ...]] = (float("-inf"), ())
STUCK_MINUTES = 5
MAX_REMEMBERED = 1000
# A spreadsheet takes a cell for a formula that begins with one of these (OWASP: CSV injection).
FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
BYTE_ORDER_MARK = "\ufeff"  # Excel assumes another encoding without it

# Whether a mission, by its id, is solved in a shop's and a simulator's database, since a moment. The simulator is None
# if it has not been used yet, or is on another computer.
SolvedIn = Callable[[Connection, Connection | None, datetime], Callable[[str], bool]]


@dataclass(frozen=True)
class Cell:
    """A learner and a mission: `minute` is set if it is solved. It counts from joining or the last reset, no pauses."""

    minute: int | None
    hints: int
    is_current: bool


@dataclass(frozen=True)
class BoardRow:
    """A learner on the board; `minutes` is how long they have been at their current mission, without pauses.

    A learner whose last step was a check of their own shop is at no mission; `stage_minutes` have passed since then.
    """

    learner: Learner
    cells: Sequence[Cell]
    solved: int
    minutes: int | None
    stage: StageResult | None
    stage_minutes: int | None

    @property
    def is_stuck(self) -> bool:
        """Tell whether the learner has been at one mission for long."""
        return self.minutes is not None and self.minutes >= STUCK_MINUTES

    @property
    def number(self) -> int:
        """Return the number of the current mission; 0 if there is none."""
        return next((number for number, each in enumerate(self.cells, start=1) if each.is_current), 0)


@dataclass(frozen=True)
class Board:
    """A room at a moment: the missions of its open parts, and a row for each learner who is not hidden."""

    room: Room
    missions: Sequence[BoardMission]
    rows: Sequence[BoardRow]
    hidden: Sequence[Learner]
    solved_by: Sequence[int]  # how many learners solved each mission
    at_it: Sequence[int]  # how many have each as their current mission
    hints: Sequence[int]  # how many hints of each they took
    next_part: str | None

    @property
    def stuck(self) -> int:
        """Return how many learners are stuck."""
        return sum(row.is_stuck for row in self.rows)

    @property
    def has_stages(self) -> bool:
        """Tell whether a learner sent verdicts of the Build track."""
        return any(row.stage for row in self.rows)


class MissionWatcher:
    """Checks in the worlds of learners what is solved: every `CHECK_EVERY` for the board, and for each page."""

    def __init__(self, rooms: Rooms, solved_in: SolvedIn) -> None:
        self._rooms, self._solved_in = rooms, solved_in
        self._checked: dict[str, tuple[float, tuple[object, ...]]] = {}  # of a world: when, and at which state

    def check_room(self, room: Room) -> bool:
        """Check the learners of a room for a short time, starting with the one whose last check is longest ago.

        Returns whether a mission was solved.
        """
        if not self._rooms.claim_check(room.code, CHECK_EVERY):
            return False
        missions, until = self._rooms.open_missions(room), time.monotonic() + MAX_CHECK_SECONDS
        waiting = sorted(room.learners, key=lambda learner: self._checked.get(learner.world_id, NEVER)[0])
        return sum(self._check(each, missions) for each in waiting if time.monotonic() < until) > 0

    def check_world(self, world_id: str) -> None:
        """Check one learner, when they open a page: so it shows what they solved, and the minute is right."""
        at, state = self._checked.get(world_id, NEVER)
        world: VisitorWorld | None = self._rooms.worlds.find(world_id)
        is_recent = time.monotonic() - at <= CHECK_EVERY.total_seconds()
        if world is None or (is_recent and state[:1] == (version(world.shop_file),)):
            return
        if learner := self._rooms.learner_of(world_id):
            self._check(learner, self._rooms.open_missions(learner.room))

    def _check(self, learner: Learner, missions: Sequence[BoardMission]) -> bool:
        world: VisitorWorld | None = self._rooms.worlds.find(learner.world_id)
        if world is None:
            return False
        state: tuple[object, ...] = (version(world.shop_file), learner.since, len(missions))
        found: list[tuple[int, str, datetime]] = []
        if self._checked.get(world.id, NEVER)[1] != state:
            try:
                found = [(learner.id, each, learner.since) for each in self._solved(learner, world, missions)]
            except (SQLAlchemyError, sqlite3.Error) as error:  # the world is being reset, or its file is damaged
                log.warning("workshop_read_failed", error=type(error).__name__)
                state = ()
        if len(self._checked) >= MAX_REMEMBERED:
            self._checked.clear()
        self._checked[world.id] = time.monotonic(), state
        if found:
            self._rooms.note_solved(found)
        return bool(found)

    def _solved(self, learner: Learner, world: VisitorWorld, missions: Sequence[BoardMission]) -> Iterator[str]:
        known = {each.mission for each in learner.progress if each.solved_at}
        with read_only(world.shop_file) as shop, read_only(world.simulator_file) as simulator:
            # One for all missions, because it keeps the rows that several ask for.
            is_solved = self._solved_in(shop, simulator, learner.since) if shop else lambda mission: False
            yield from [each.id for each in missions if each.id not in known and is_solved(each.id)]


def build_board(rooms: Rooms, room: Room) -> Board:
    """Return the board: learners who are stuck first, then most missions solved if there is a ranking."""
    missions, now = rooms.open_missions(room), rooms.now()
    shown = [learner for learner in room.learners if not learner.is_hidden]
    rows = [_row(room, learner, missions, now) for learner in shown]
    rows.sort(key=lambda row: (-(row.minutes or 0) if row.is_stuck else 0, -row.solved if room.has_ranking else 0))
    columns = [[row.cells[number] for row in rows] for number in range(len(missions))]
    left = rooms.parts[room.open_parts :]
    return Board(
        room,
        missions,
        rows,
        hidden=[learner for learner in room.learners if learner.is_hidden],
        solved_by=[sum(cell.minute is not None for cell in column) for column in columns],
        at_it=[sum(cell.is_current for cell in column) for column in columns],
        hints=[sum(cell.hints for cell in column) for column in columns],
        next_part=left[0] if left else None,
    )


def ranking(rooms: Rooms, room: Room) -> Sequence[BoardRow]:
    """Return the learners who solved a mission, with most solved first; empty unless the teacher switched it on."""
    if not room.has_ranking:
        return []
    rows = [row for row in build_board(rooms, room).rows if row.solved]
    return sorted(rows, key=lambda row: -row.solved)


def board_csv(board: Board) -> str:
    """Return the board as CSV (RFC 4180): a row for each learner, with the minute of each solved mission and hints.

    What the learners said at the end follows below, in rows of its own: it has no nickname.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    stages = sorted({each.stage for row in board.rows for each in row.learner.stages})
    heads = [head for each in board.missions for head in (str(each.title), f"{each.id}: hints")]
    writer.writerow(["nickname", "solved", *map(_cell, heads), *map(_cell, stages)])
    for row in board.rows:
        cells = [value for each in row.cells for value in ("" if each.minute is None else each.minute, each.hints)]
        results = {each.stage: f"{each.passed} of {each.judged}" for each in row.learner.stages}
        writer.writerow([_cell(row.learner.nickname), row.solved, *cells, *(results.get(each, "") for each in stages)])
    if answers := answers_in(board.room):
        writer.writerows([[], ["", *map(str, FEEDBACK_QUESTIONS)]])
        writer.writerows(["", *map(_cell, each)] for each in answers)
    return BYTE_ORDER_MARK + file.getvalue()


def _row(room: Room, learner: Learner, missions: Sequence[BoardMission], now: datetime) -> BoardRow:
    progress = {each.mission: each for each in learner.progress}
    stage = learner.stages[-1] if learner.stages else None
    is_building = stage is not None and stage.at >= max(_steps(learner))
    current = None if is_building else _current(missions, progress)
    cells = [_cell_of(room, learner, progress.get(each.id), each.id == current) for each in missions]
    return BoardRow(
        learner,
        cells,
        sum(each.minute is not None for each in cells),
        None if room.ended_at or current is None else _minutes_at(room, learner, missions, current, now),
        stage,
        None if room.ended_at or not is_building else _minutes_at(room, learner, missions, None, now),
    )


def _current(missions: Sequence[BoardMission], progress: dict[str, Progress]) -> str | None:
    """Return the mission in work: the one opened last that is not solved, or else the first that is not solved."""
    left = [each.id for each in missions if each.id not in progress or not progress[each.id].solved_at]
    last = last_opened(progress[each] for each in left if each in progress)
    return last.mission if last else left[0] if left else None


def _steps(learner: Learner) -> Iterator[datetime]:
    """Yield when a learner joined or was reset, opened a mission, and solved one."""
    yield learner.since
    for each in learner.progress:
        yield from (at for at in (each.opened_at, each.solved_at) if at)


def _minutes_at(
    room: Room, learner: Learner, missions: Sequence[BoardMission], current: str | None, now: datetime
) -> int:
    """Return how long a learner has been at a mission: since they or the teacher opened it, or since the last solve.

    Without a mission: since the last solve or the last check of their own shop.
    """
    moments = [learner.since, *(each.solved_at for each in learner.progress), *(each.at for each in learner.stages)]
    moments += [each.opened_at for each in learner.progress if each.mission == current]
    moments += [room.part_opened_at for each in missions if each.id == current and each.part == missions[-1].part]
    return _minutes(room, max(each for each in moments if each), now)


def _minutes(room: Room, since: datetime, until: datetime) -> int:
    """Return how many minutes lie between two moments, without the room's pauses."""
    pauses = [(max(each.began_at, since), min(each.ended_at or until, until)) for each in room.pauses]
    paused = sum((max(end - begin, timedelta()) for begin, end in pauses), timedelta())
    return max(int((until - since - paused).total_seconds() // 60), 0)


def _cell_of(room: Room, learner: Learner, progress: Progress | None, is_current: bool) -> Cell:
    solved_at = progress.solved_at if progress else None
    minute = _minutes(room, learner.since, solved_at) if solved_at else None
    return Cell(minute, progress.hints if progress else 0, is_current)


def _cell(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{value}" if FORMULA.match(value) else value

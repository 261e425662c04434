"""The tables of the workshop, in an SQLite file of their own.

Rule: no personal data but the nickname that a learner chose, and what they type as an answer. No email, IP address or
user agent is stored. Rows of a room are deleted with it (`rooms.Rooms.delete_old`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from app.database import UtcDateTime

MAX_NICKNAME = 24
MAX_MESSAGE = 280
MAX_FEEDBACK = 500  # of an answer
MAX_WRONG = 100


class WorkshopBase(DeclarativeBase):
    """The base of the workshop's tables."""

    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}


class Teacher(WorkshopBase):
    """A teacher's link that waits for its first use, or the browser in which it was used. Only hashes are stored."""

    __tablename__ = "teacher"
    id: Mapped[int] = mapped_column(primary_key=True)
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    cookie_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class Room(WorkshopBase):
    """A room: one class at one time."""

    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(6), unique=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    is_paused: Mapped[bool] = mapped_column(default=False)
    message: Mapped[str] = mapped_column(String(MAX_MESSAGE), default="")
    open_parts: Mapped[int] = mapped_column(default=1)
    part_opened_at: Mapped[datetime | None]  # the newest one
    has_ranking: Mapped[bool] = mapped_column(default=False)
    is_closed: Mapped[bool] = mapped_column(default=False, server_default=false())  # its door: no learner can join
    checked_at: Mapped[datetime | None]
    learners: Mapped[list["Learner"]] = relationship(
        back_populates="room", cascade="all, delete-orphan", order_by="Learner.id"
    )
    pauses: Mapped[list["Pause"]] = relationship(cascade="all, delete-orphan")


class Pause(WorkshopBase):
    """A pause of a room, which does not count as time at a mission. `ended_at` is missing while it lasts."""

    __tablename__ = "pause"
    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Learner(WorkshopBase):
    """A learner in a room. `since` is the moment from which the world's state counts: joining, or the last reset."""

    __tablename__ = "learner"
    __table_args__ = (UniqueConstraint("room_id", "words"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    nickname: Mapped[str] = mapped_column(String(MAX_NICKNAME))
    words: Mapped[str] = mapped_column(String(40))
    world_id: Mapped[str] = mapped_column(String(40), unique=True)
    joined_at: Mapped[datetime]
    since: Mapped[datetime]
    is_hidden: Mapped[bool] = mapped_column(default=False)
    room: Mapped[Room] = relationship(back_populates="learners")
    progress: Mapped[list["Progress"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    stages: Mapped[list["StageResult"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="StageResult.at"
    )
    feedback: Mapped["Feedback | None"] = relationship(cascade="all, delete-orphan", lazy="selectin")


class Progress(WorkshopBase):
    """What a learner did about one mission: opened it (`opened_at`: the last time), took hints, answered, solved it."""

    __tablename__ = "progress"
    learner_id: Mapped[int] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True)
    mission: Mapped[str] = mapped_column(String(60), primary_key=True)
    opened_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0, server_default="0")  # how many answers were wrong
    last_wrong: Mapped[str] = mapped_column(String(MAX_WRONG), default="", server_default="")


class StageResult(WorkshopBase):
    """The newest verdicts of the Build track's checker on one stage of a learner's own shop."""

    __tablename__ = "stage_result"
    learner_id: Mapped[int] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(12), primary_key=True)
    at: Mapped[datetime]
    verdicts: Mapped[list[Any]]
    looked_up: Mapped[bool] = mapped_column(default=False)

    @property
    def passed(self) -> int:
        """Return how many cases were safe."""
        return sum(each["verdict"] == "safe" for each in self.verdicts)

    @property
    def judged(self) -> int:
        """Return how many cases could be judged: all that apply to the shop."""
        return sum(each["verdict"] != "not applicable" for each in self.verdicts)

    @property
    def is_green(self) -> bool:
        """Tell whether no case of the stage was unsafe or unclear."""
        return bool(self.verdicts) and all(each["verdict"] in ("safe", "not applicable") for each in self.verdicts)


class Feedback(WorkshopBase):
    """What a learner answered at the end: a text for each of `feedback.FEEDBACK_QUESTIONS`, which may be empty."""

    __tablename__ = "feedback"
    learner_id: Mapped[int] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True)
    answers: Mapped[list[Any]]

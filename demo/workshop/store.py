"""Open the workshop's SQLite file, and make the teachers' links and cookies that are in it.

Rule: of a link and of a cookie only the hash is stored. A link works once: it makes one browser the teacher's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, delete, inspect, select, text
from sqlalchemy.orm import Session, sessionmaker

from app.database import utcnow
from app.sqlite_lock import BEGIN, serialize_writers
from app.tokens import new_token, secret_hash
from demo.workshop.models import Teacher, WorkshopBase

FILE = "workshop.sqlite"
# A file of an earlier version has no such columns. It needs no Alembic: a room lives for three weeks at most.
NEWER_COLUMNS = (
    ("room", "is_closed", "BOOLEAN NOT NULL DEFAULT 0"),
    ("room", "part_opened_at", "DATETIME"),
    ("progress", "wrong", "INTEGER NOT NULL DEFAULT 0"),
    ("progress", "last_wrong", "VARCHAR(100) NOT NULL DEFAULT ''"),
)
MAX_LINKS = 20
TEACHER_LIFETIME = timedelta(days=14)


class Store:
    """The file in a folder, which all processes of this server share."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = utcnow) -> None:
        self.now = now
        folder.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(f"sqlite:///{folder / FILE}")
        serialize_writers(self.engine)
        with self.engine.connect() as connection:
            connection.execute(text(BEGIN))  # several workers start at once
            WorkshopBase.metadata.create_all(connection)
            for table, column, kind in NEWER_COLUMNS:
                if column not in {each["name"] for each in inspect(connection).get_columns(table)}:
                    connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column} {kind}"))
            if "seen_at" in {each["name"] for each in inspect(connection).get_columns("learner")}:
                connection.execute(text("ALTER TABLE learner DROP seen_at"))
            connection.commit()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that writes, from its first read on."""
        with self._sessions() as session:
            session.execute(text(BEGIN))
            yield session
            session.commit()

    def new_link(self) -> str:
        """Return the token of a new teacher's link; the newest links are kept."""
        token = new_token()
        with self.writing() as session:
            session.add(Teacher(link_hash=secret_hash(token), created_at=self.now()))
            session.flush()
            unused = select(Teacher.id).where(Teacher.link_hash.is_not(None)).order_by(Teacher.id.desc())
            session.execute(delete(Teacher).where(Teacher.id.in_(unused.offset(MAX_LINKS).limit(MAX_LINKS))))
        return token

    def has_link(self, token: str) -> bool:
        """Tell whether a teacher's link has not been used yet."""
        with self.reading() as session:
            return session.scalar(self._link(token)) is not None

    def use_link(self, token: str) -> str | None:
        """Return the value of a teacher's cookie for a link, which does not work again; None if it did not work."""
        with self.writing() as session:
            teacher = session.scalar(self._link(token))
            if teacher is None:
                return None
            cookie = new_token()
            teacher.link_hash, teacher.cookie_hash, teacher.created_at = None, secret_hash(cookie), self.now()
        return cookie

    def is_teacher(self, cookie: str) -> bool:
        """Tell whether a cookie is one of a teacher. Each teacher of this server sees all its rooms."""
        found = select(Teacher.id).where(Teacher.cookie_hash == secret_hash(cookie), self.is_valid())
        with self.reading() as session:
            return bool(cookie) and session.scalar(found) is not None

    def forget_teacher(self, cookie: str) -> None:
        """End the teacher's session of a browser."""
        with self.writing() as session:
            session.execute(delete(Teacher).where(Teacher.cookie_hash == secret_hash(cookie)))

    def is_valid(self) -> Any:
        """Return the condition of a teacher's link or cookie that is not too old."""
        return Teacher.created_at > self.now() - TEACHER_LIFETIME

    def _link(self, token: str) -> Any:
        return select(Teacher).where(Teacher.link_hash == secret_hash(token), self.is_valid())

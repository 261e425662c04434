"""Serve worlds: each `/w/<name>/` is a separate simulator with its own issuer, keys, persons, merchants and faults.

A world is created at its first use, in its own file, and starts like the default world at `/`. The caller can allow
only some names (`SimulatorConfig.may_make_world`). A world is deleted after a day without use, unless the caller keeps
it (`keeps_world`). Parallel test runs and the learners of a course each use their own world, so they do not interfere.

All workers share the folder with the files. Each worker keeps the apps of the worlds that it used last.
"""

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.exceptions import NotFound, ServiceUnavailable

from .config import SimulatorConfig

NAME = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
MAX_WORLDS = 600  # a class or a demo has up to 500 visitors
MAX_OPEN = 32
LIFETIME_SECONDS = 24 * 3600
IN_USE_SECONDS = 600
_TOUCH_SECONDS = 30
_PATH = re.compile(rf"/w/({NAME})(/.*)?", re.DOTALL)

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class _Open:
    """A world with its app. Several requests may use it at once, and may still use it after it was closed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    app: Flask | None = None
    file_id: int = 0
    touched: float = 0


class Worlds:
    """A WSGI app that passes each request to the app of its world."""

    def __init__(
        self, default: WsgiApp, config: SimulatorConfig, folder: Path, build: Callable[[SimulatorConfig], Flask]
    ) -> None:
        """Keep the worlds in a folder; they get the settings of the default world."""
        self._default, self._config, self._build, self._folder = default, config, build, folder
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Let the app of the world in the path answer; the app knows its mount point (`APPLICATION_ROOT`)."""
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/w/"):
            return self._default(environ, start_response)
        match = _PATH.fullmatch(path)
        if match is None:
            return NotFound("A world has up to 40 letters a to z, digits and hyphens.")(environ, start_response)
        name, rest = match.groups()
        try:
            app = self._app(name)
        except (NotFound, ServiceUnavailable) as refused:
            return refused(environ, start_response)
        return app.wsgi_app({**environ, "PATH_INFO": rest or "/"}, start_response)

    def close(self) -> None:
        """Close the databases."""
        with self._lock:
            for world in self._open.values():
                _close(world)
            self._open.clear()

    def _app(self, name: str) -> Flask:
        file = self._folder / f"{name}.sqlite"
        if not file.exists() and not self._config.may_make_world(name):
            raise NotFound("There is no such world.")
        with self._lock:
            world = self._open.setdefault(name, _Open())
            self._open.move_to_end(name)
            if len(self._open) > MAX_OPEN:
                _, last = self._open.popitem(last=False)
                _close(last)
        with world.lock:
            if world.app is None or _file_id(file) != world.file_id:  # another worker may have deleted the file
                _close(world)
                if not file.exists():
                    self._make_room()
                world.app = self._build(self._config.of_world(name, file))
                world.file_id, world.touched = _file_id(file), 0
            if time.monotonic() - world.touched > _TOUCH_SECONDS or not world.touched:
                os.utime(file)
                world.touched = time.monotonic()
            return world.app

    def _make_room(self) -> None:
        """Delete worlds that were not used for a day; if too many remain, delete the one unused for longest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = list(self._folder.glob("*.sqlite"))
        used = sorted((file.stat().st_mtime, file) for file in files if not self._config.keeps_world(file.stem))
        expired = [file for at, file in used if at < time.time() - LIFETIME_SECONDS]
        if not expired and len(files) >= MAX_WORLDS:
            at, oldest = used[0] if used else (time.time(), self._folder)
            if at > time.time() - IN_USE_SECONDS:
                raise ServiceUnavailable(f"{MAX_WORLDS} worlds are in use. Use one of them, or wait ten minutes.")
            expired = [oldest]
        for file in expired:
            for each in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
                each.unlink(missing_ok=True)


def _file_id(file: Path) -> int:
    return file.stat().st_ino if file.exists() else 0


def _close(world: _Open) -> None:
    """Close the idle connections; a request that still uses one closes it at its end."""
    if world.app is not None:
        world.app.extensions["simulator"].close()
        world.app = None

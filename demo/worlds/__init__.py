"""Worlds: with `DEMO_WORLDS=1`, each visitor has a shop of their own, with its own database and its own simulator.

A cookie has the name of the visitor's world. For each world this process builds the shop once more, on a copy of a
freshly set-up database; the simulator's world of the same name is its Vipps. So thirty visitors can be Kari at once,
and what one of them resets or revokes changes no other's shop.

The first page is the common shop's, with a cookie in its response: a world is made at the second request, so a client
without cookies costs nothing. All workers share the folder of the databases, and each keeps the apps that it used last.
A world that is not used for a day is deleted. To build a world's shop again costs processor time, so that is limited by
client; the shops of rooms stay built longest.
"""

import os
import re
import secrets
import shutil
import sqlite3
import tempfile
import threading
import time
from base64 import b32encode
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from jinja2.bccache import Bucket, BytecodeCache
from limits import RateLimitItem, parse
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, ServiceUnavailable, TooManyRequests
from werkzeug.http import dump_cookie, parse_cookie
from werkzeug.middleware.proxy_fix import ProxyFix

from app.cli import set_up
from app.customers.dates import format_period
from app.database import db
from app.security import client_network, client_site, cookie_name, limiter
from app.settings import INSTANCE, Settings
from app.shop.privacy_notice import Cookie, register_cookie
from app.vipps.config import WEBHOOK_PATH
from app.vipps.errors import LoginRefused
from demo.start_over import start_over

COOKIE = "world"
VISITORS = "visitors"
MAX_WORLDS = 500
MAX_OPEN = 64
LIFETIME_SECONDS = 24 * 3600
IN_USE_SECONDS = 1800
NEW_PER_CLIENT = parse("120 per hour")  # a class of thirty is behind one address
BUILT_PER_CLIENT = parse("120 per minute")  # about 60 ms each; after a restart a whole class comes at once
SITE_TIMES = 5  # an IPv6 site has many networks: it may make and build so many times as much as one of them
EXPIRE_EVERY_SECONDS = 600
NAME = re.compile(r"[a-z2-7]{16}")
_TOUCH_SECONDS = 30
# What a load balancer, Prometheus or a page's files request is the same in every world.
_COMMON = ("/static/", "/healthz", "/readyz", "/metrics")
# Also the first request to it must be the world's, which has to know the login.
_START = "/login/vipps"


def install(app: Flask, settings: Settings, build: Callable[..., Flask]) -> None:
    """Put the worlds in front of a shop, which stays the common one; `build` makes a shop."""
    (INSTANCE / VISITORS).mkdir(parents=True, exist_ok=True)
    worlds = app.extensions["demo.worlds"] = Worlds(app, settings, build, INSTANCE / VISITORS)
    _register_cookies(app)
    if find_spec("app.guide"):  # the workshop shows the inspector
        workshop = import_module("demo.workshop")
        track: dict[str, Any] = {}
        if find_spec("demo.missions"):
            missions = import_module("demo.missions")
            track = workshop.from_track(missions.MISSIONS, missions.solved, settings)
        worlds.workshop = workshop.create_workshop(worlds, INSTANCE, settings=settings, **track)
        worlds.add_room = workshop.add_to_world
    n = settings.trusted_proxies
    # The limit on new worlds counts clients. A world's shop believes the proxies once more, with the same result.
    app.wsgi_app = ProxyFix(worlds, x_for=n, x_proto=0, x_host=0) if n else worlds  # type: ignore[method-assign]  # Flask's documented way


def webhook_token(settings: Settings, world: str) -> str:
    """Return the token of a world's revocation webhook, which names the world: an event comes without a cookie."""
    return f"{settings.webhook_token}.{world}"


def is_visitor(instance: Path, name: str) -> bool:
    """Tell whether a visitor has a shop of this name, so that the simulator makes a world for it.

    Where no shop keeps worlds, the simulator runs on another computer and cannot know.
    """
    visitors = instance / VISITORS
    return not visitors.exists() or World(name, visitors / name).shop_file.exists()


def _register_cookies(app: Flask) -> None:
    """Add the cookies of the worlds and of the workshop to the privacy notice (`demo.workshop` sets the other two)."""

    def world() -> Cookie:
        day, room = (format_period(timedelta(days=days)) for days in (1, 21))
        life = _("%(time)s, in a workshop %(longer)s", time=day, longer=room)
        return Cookie(cookie_name(COOKIE), _("Remembers which shop of the demo is yours."), life)

    def form() -> Cookie:
        purpose = _("Makes sure that a form of the workshop was sent from its own page.")
        return Cookie(cookie_name("workshop"), purpose, _("until you close the browser"))

    def teacher() -> Cookie:
        purpose = _("Shows that this browser is the teacher’s.")
        return Cookie(cookie_name("workshop-teacher"), purpose, format_period(timedelta(days=14)))

    for cookie in (world, form, teacher):
        register_cookie(app, cookie)


@dataclass(frozen=True)
class World:
    """One visitor's shop: its name and its folder."""

    id: str
    folder: Path

    @property
    def shop_file(self) -> Path:
        """The shop's SQLite file."""
        return self.folder / "shop.sqlite"

    @property
    def simulator_file(self) -> Path:
        """The SQLite file of the simulator's world of this name, if the simulator runs on this computer."""
        return INSTANCE / "worlds" / f"{self.id}.sqlite"


@dataclass
class _Open:
    """A world whose shop is built; several requests may use it, also after it is no longer kept."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    app: Flask | None = None
    file_id: int = 0
    touched: float = 0.0


class _CompiledTemplates(BytecodeCache):
    """The compiled templates, which are the same in every world: to compile a page takes longer than to show it."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template if a world has compiled it."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._code[bucket.key] = bucket.bytecode_to_string()


class Worlds:
    """The worlds of one process, and the WSGI app that hands each request to the shop of its visitor."""

    def __init__(self, common: Flask, settings: Settings, build: Callable[..., Flask], folder: Path) -> None:
        """Keep the worlds in a folder."""
        self._common, self._common_wsgi = common, common.wsgi_app
        self._settings, self._build, self._folder = settings, build, folder
        self._cookie = settings.cookie_name(COOKIE)
        self._lock, self._making = threading.Lock(), threading.Lock()
        # One shop is built at a time: CPython 3.11 raises SystemError now and then if several threads compile.
        self._building = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="worlds")
        self._templates = _CompiledTemplates()
        self._template: Future[bytes] | None = None
        self._spare: list[World] = []
        self._expire_at = time.monotonic() + EXPIRE_EVERY_SECONDS
        self.kept: Callable[[], Iterable[str]] = lambda: ()
        """Returns the names of worlds that are not deleted although they are not used: those of rooms."""
        self.workshop: Flask | None = None
        self.add_room: Callable[[Flask, Flask, str], None]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer from the visitor's world, or from the common shop."""
        if time.monotonic() > self._expire_at:
            self._expire_at = time.monotonic() + EXPIRE_EVERY_SECONDS
            self._background.submit(self._expire)
        path = environ.get("PATH_INFO", "")
        if path.startswith(_COMMON):
            return self._common_wsgi(environ, start_response)
        if self.workshop and (path == "/workshop" or path.startswith("/workshop/")):
            return self.workshop(environ, start_response)
        if path.startswith(WEBHOOK_PATH):
            return self._answer(self.find(path.rpartition(".")[2]), environ, start_response)
        name = self._name_in(environ)
        if name is None:
            self._prepare_template()
            name = _new_name()
            start_response = self._with_cookie(start_response, name)
            if environ["REQUEST_METHOD"] in ("GET", "HEAD") and path != _START:
                return self._common_wsgi(environ, start_response)
        return self._answer(self._find_or_make(name, environ), environ, start_response)

    def create(self) -> World | None:
        """Return a new world whose shop is built; None if too many are in use."""
        with self._lock:
            if self._spare:
                return self._spare.pop()
        world = self._make(_new_name())
        if world:
            self.shop(world)
            self._background.submit(self._warm, world)
        return world

    def prepare(self, count: int) -> None:
        """Make worlds in the background, for the next calls of `create`."""

        def one() -> None:
            world = self._make(_new_name())
            if world:
                self._warm(world)
                with self._lock:
                    self._spare.append(world)

        self._prepare_template()  # before the worlds, because one thread does it all
        for _each in range(min(count, MAX_OPEN)):
            self._background.submit(one)

    def find(self, name: str) -> World | None:
        """Return a world that exists."""
        world = World(name, self._folder / name)
        return world if NAME.fullmatch(name) and world.shop_file.exists() else None

    def shop(self, world: World) -> Flask:
        """Return a world's shop; build it if this process has not yet, or if another worker made the world anew."""
        with self._lock:
            kept = self._open.setdefault(world.id, _Open())
            self._open.move_to_end(world.id)
            is_full = len(self._open) > MAX_OPEN
        if is_full:
            self._close_one(world)
        with kept.lock:
            file_id = world.shop_file.stat().st_ino
            if kept.app is None or kept.file_id != file_id:
                _close(kept)
                kept.app = self._built(self._settings_of(world))
                kept.app.extensions["demo.world"] = world
                _register_cookies(kept.app)
                # The first page was the common shop's. A setting cannot name a key with blanks.
                own, common = kept.app.config["SECRET_KEY"], self._settings.signing_key
                kept.app.config.update(SECRET_KEY_FALLBACKS=[common], WTF_CSRF_SECRET_KEY=[common, own])
                if self.workshop:
                    self.add_room(self.workshop, kept.app, world.id)
                kept.file_id, kept.touched = file_id, 0.0
            if time.monotonic() - kept.touched > _TOUCH_SECONDS or not kept.touched:
                os.utime(world.folder)
                kept.touched = time.monotonic()
            return kept.app

    def _close_one(self, needed: World) -> None:
        """Close the shop that is unused for longest; one of a room only if no other is open."""
        rooms = set(self.kept())
        with self._lock:
            others = [name for name in self._open if name != needed.id]
            if len(others) >= MAX_OPEN:
                _close(self._open.pop(next((name for name in others if name not in rooms), others[0])))

    def _warm(self, world: World) -> None:
        """Make the simulator's world too: the shop keeps its discovery document and keys for the first login."""
        app = self.shop(world)
        client = app.extensions["vipps"].client
        with app.app_context(), suppress(LoginRefused), client.slot() as deadline:
            client.key(None, deadline)

    def reset(self, world: World) -> bool:
        """Reset a world's shop and its simulator; return whether the simulator did."""
        with self.shop(world).app_context():
            return start_over()

    def drop(self, world: World) -> None:
        """Delete a world."""
        with self._lock:
            if kept := self._open.pop(world.id, None):
                _close(kept)
        shutil.rmtree(world.folder, ignore_errors=True)
        for end in ("", "-wal", "-shm"):
            world.simulator_file.with_name(world.simulator_file.name + end).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the databases, and end the work in the background."""
        self._background.shutdown(cancel_futures=True)
        with self._lock:
            for kept in self._open.values():
                _close(kept)
            self._open.clear()

    def _answer(self, world: World | None, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        refused: HTTPException
        if world and not self._is_open(world) and not self._count(BUILT_PER_CLIENT, "built world", environ):
            refused = TooManyRequests("Too many shops were opened from your network. Try again in a minute.")
            return refused(environ, start_response)
        app: Flask | None = None
        if world:
            with suppress(FileNotFoundError):  # deleted a moment ago
                app = self.shop(world)
        if app:
            return app.wsgi_app({**environ, "demo.world": world}, start_response)
        is_event = environ.get("PATH_INFO", "").startswith(WEBHOOK_PATH)
        if is_event or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self._common_wsgi(environ, start_response)
        # All visitors could read what was typed into the common shop.
        refused = ServiceUnavailable("Too many shops are in use. Try again in half an hour.")
        return refused(environ, start_response)

    def _is_open(self, world: World) -> bool:
        kept = self._open.get(world.id)
        return kept is not None and kept.app is not None

    def _count(self, limit: RateLimitItem, what: str, environ: dict[str, Any]) -> bool:
        """Count a request for its client and for the client's site; tell whether both limits allow it."""
        with self._common.request_context(environ):
            network, site = client_network(), client_site()
        wider = type(limit)(limit.amount * SITE_TIMES, limit.multiples)
        return limiter.limiter.hit(limit, what, network) and limiter.limiter.hit(wider, f"{what} of a site", site)

    def _name_in(self, environ: dict[str, Any]) -> str | None:
        name = parse_cookie(environ).get(self._cookie, "")
        return name if NAME.fullmatch(name) else None

    def _cookie_line(self, name: str) -> str:
        secure = self._settings.https
        return dump_cookie(self._cookie, name, LIFETIME_SECONDS, secure=secure, httponly=True, samesite="Lax")

    def _with_cookie(self, start_response: Any, name: str) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            # A shared cache would give the world in a file's answer to other visitors.
            if Headers(headers).get("Content-Type", "").startswith("text/html"):
                headers = [*headers, ("Set-Cookie", self._cookie_line(name))]
            return start_response(status, headers, *error)

        return start

    def _find_or_make(self, name: str, environ: dict[str, Any]) -> World | None:
        """Return the visitor's world; None, which means the common shop, if too many are new or in use."""
        if world := self.find(name):
            return world
        world = self._make(name) if self._count(NEW_PER_CLIENT, "new world", environ) else None
        if world:
            self._background.submit(self._warm, world)
        return world

    def _make(self, name: str) -> World | None:
        world = World(name, self._folder / name)
        template = self._prepare_template().result()
        with self._making:
            if not world.shop_file.exists():
                if not self._make_room():
                    return None
                world.folder.mkdir(parents=True, exist_ok=True)
                draft = world.folder / f"draft-{os.getpid()}"
                draft.write_bytes(template)
                draft.rename(world.shop_file)
        return world

    def _make_room(self) -> bool:
        """Delete expired worlds; if there are too many all the same, delete the one that is unused for longest."""
        used, kept = self._expire()
        if len(used) + kept < MAX_WORLDS:
            return True
        if not used or used[0][0] >= time.time() - IN_USE_SECONDS:
            return False
        self.drop(World(used[0][1].name, used[0][1]))
        return True

    def _expire(self) -> tuple[list[tuple[float, Path]], int]:
        """Delete the worlds that were not used for a day; return the others by last use, and the number of kept ones.

        It also runs now and then, so that old data does not wait for a new visitor.
        """
        kept = set(self.kept())
        folders = [each for each in self._folder.glob("*") if each.name not in kept and each.exists()]
        used = sorted((folder.stat().st_mtime, folder) for folder in folders)
        oldest = time.time() - LIFETIME_SECONDS
        for at, folder in used:
            if at < oldest:
                self.drop(World(folder.name, folder))
        return [each for each in used if each[0] >= oldest], len(kept)

    def _prepare_template(self) -> Future[bytes]:
        """Set a database up, once in each process and in the background; every world starts as a copy of it."""
        with self._lock:
            if self._template is None or (self._template.done() and self._template.exception()):
                self._template = self._background.submit(self._set_up)
            return self._template

    def _set_up(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            first, template = (Path(folder) / name for name in ("first.sqlite", "template.sqlite"))
            app = self._built(_changed(self._settings, database_url=f"sqlite:///{first}", demo_worlds=False))
            with app.app_context():
                set_up(with_demo=True)
                db.engine.dispose()
            with closing(sqlite3.connect(first)) as connection:
                connection.execute("VACUUM INTO ?", (str(template),))  # one file, without its write-ahead log
            return template.read_bytes()

    def _built(self, settings: Settings) -> Flask:
        with self._building:
            app = self._build(settings, shares_counts=True)
        app.jinja_env.bytecode_cache = self._templates
        return app

    def _settings_of(self, world: World) -> Settings:
        """Return the settings of a world's shop. Its key differs, and with it the accounts that limits count by."""
        key = self._settings.signing_key
        return _changed(
            self._settings,
            demo_worlds=False,
            database_url=f"sqlite:///{world.shop_file}",
            simulator_url=f"{self._settings.simulator_url}/w/{world.id}",
            secret_key=f"{key}.{world.id}",
            secret_key_fallbacks="",
            vipps_webhook_token=webhook_token(self._settings, world.id),
            metrics_token="",
        )


def _changed(settings: Settings, **changes: Any) -> Settings:
    return Settings(**{**settings.model_dump(), **changes})


def _new_name() -> str:
    return b32encode(secrets.token_bytes(10)).decode().lower()


def _close(kept: _Open) -> None:
    """Close the idle connections; a request that still uses one closes it at its end."""
    if kept.app is not None:
        with kept.app.app_context():
            db.engine.dispose()
        kept.app = None

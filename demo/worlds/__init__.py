"""Worlds: with `DEMO_WORLDS=1`, each visitor has a shop of their own, with its own database and its own simulator.

A signed cookie has the name of the visitor's world. For each world this process builds the shop once more, on a copy
of a freshly set-up database; the simulator's world of the same name is its Vipps. So thirty visitors can be Kari at
once, and what one of them resets or revokes changes no other's shop.

The first page is the common shop's, with a cookie in its response: a world is made at the second request, so a client
without cookies costs nothing. All workers share the folder of the databases, and each keeps the apps that it used last.
A world that is not used for a day is deleted.
"""

import gc
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
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from jinja2.bccache import Bucket, BytecodeCache
from limits import parse
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.http import dump_cookie
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request

from app.cli import set_up
from app.customers.privacy.retention import format_period
from app.database import db
from app.security import client_network, client_site, cookie_name, limiter
from app.settings import INSTANCE, Settings
from app.shop import privacy_notice
from app.vipps.config import WEBHOOK_PATH
from app.vipps.errors import LoginRefused
from demo import simulator
from demo.world_cookie import COOKIE, cookie_of, world_in
from demo.worlds import own_settings

MAX_WORLDS = 500
MAX_OPEN = 64
LIFETIME_SECONDS = 24 * 3600
IN_USE_SECONDS = 1800
# By client; a class of thirty is behind one address. An IPv6 customer may have 65,536 networks: their site counts too.
NEW_PER_CLIENT, NEW_PER_SITE = parse("120 per hour"), parse("600 per hour")
BUILT_PER_CLIENT, BUILT_PER_SITE = parse("600 per hour"), parse("3000 per hour")
NAME = re.compile(r"[a-z2-7]{16}")
_TOUCH_SECONDS = 30
_SWEEP_SECONDS = 3600
# What a load balancer, Prometheus or a page's files request is the same in every world.
_COMMON = ("/static/", "/healthz", "/readyz", "/metrics")
# Also the first request to it must be the world's, which has to know the login.
_START = "/login/vipps"


def install(app: Flask, settings: Settings, build: Callable[..., Flask]) -> None:
    """Put the worlds in front of a shop, which stays the common one; `build` makes a shop."""
    worlds = app.extensions["demo.worlds"] = Worlds(app, settings, build)
    _list_cookies(app)
    # With 33 shops in a process, a full garbage collection stops all threads for half a second, so it has to be rare.
    gc.set_threshold(20_000, 20, 50)
    if find_spec("app.guide"):  # the workshop shows the inspector
        workshop = import_module("demo.workshop")
        track: dict[str, Any] = {}
        if find_spec("demo.missions"):
            missions = import_module("demo.missions")
            track = workshop.from_track(missions.MISSIONS, missions.solved_in, settings)
        worlds.workshop = workshop.create_workshop(worlds, INSTANCE, settings=settings, **track)
        worlds.add_room = workshop.add_to_world
    n = settings.trusted_proxies
    # The limit on new worlds counts clients. A world's shop believes the proxies once more, with the same result.
    app.wsgi_app = ProxyFix(worlds, x_for=n, x_proto=0, x_host=0) if n else worlds  # type: ignore[method-assign]  # Flask's documented way


def webhook_token(settings: Settings, world: str) -> str:
    """Return the token of a world's revocation webhook, which names the world: an event comes without a cookie."""
    return f"{settings.webhook_token}.{world}"


def folder_of(world: str) -> Path:
    """Return the folder of a world, which is there if the world is."""
    return INSTANCE / "visitors" / world


@dataclass(frozen=True)
class World:
    """One visitor's shop, by its name."""

    id: str

    @property
    def folder(self) -> Path:
        """The folder of its files; the time of its last change is that of the last use."""
        return folder_of(self.id)

    @property
    def shop_file(self) -> Path:
        """The shop's SQLite file."""
        return self.folder / "shop.sqlite"

    @property
    def settings_file(self) -> Path:
        """The file of the settings that the visitor changed; missing if they never changed one."""
        return self.folder / "settings.json"

    @property
    def version(self) -> tuple[int, int]:
        """What changes when the shop has to be built again: its database is another file, or its settings changed."""
        changed = self.settings_file.stat().st_mtime_ns if self.settings_file.exists() else 0
        return self.shop_file.stat().st_ino, changed

    @property
    def simulator_file(self) -> Path:
        """The SQLite file of the simulator's world of this name, if the simulator runs on this computer."""
        return INSTANCE / "worlds" / f"{self.id}.sqlite"


@dataclass
class _Open:
    """A world whose shop is built; several requests may use it, also after it is no longer kept."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    app: Flask | None = None
    version: tuple[int, int] = (0, 0)
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

    def __init__(self, common: Flask, settings: Settings, build: Callable[..., Flask]) -> None:
        """Put the worlds in front of the common shop."""
        self._common, self._common_wsgi = common, common.wsgi_app
        self._settings, self._build = settings, build
        self._cookie = settings.cookie_name(COOKIE)
        self._lock, self._making = threading.Lock(), threading.Lock()
        # One shop is built at a time: CPython 3.11 raises SystemError now and then if several threads compile.
        self._building = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="worlds")
        self._templates = _CompiledTemplates()
        self._template: Future[bytes] | None = None
        self._spare: list[World] = []
        self._swept = time.monotonic()
        self.kept: Callable[[], Iterable[str]] = lambda: ()
        """Returns the names of worlds that are not deleted although they are not used: those of rooms."""
        self.delete_old_rooms: Callable[[], None] = lambda: None
        """Deletes the rooms whose time is over, with their worlds."""
        self.workshop: Flask | None = None
        self.add_room: Callable[[Flask, Flask, str], None]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer from the visitor's world, or from the common shop."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(_COMMON):
            return self._common_wsgi(environ, start_response)
        if self.workshop and (path == "/workshop" or path.startswith("/workshop/")):
            return self.workshop(environ, start_response)
        if path.startswith(WEBHOOK_PATH):
            name = path.rpartition(".")[2]  # any client can send one
            world = self._find_or_make(name, environ, "event") if self.find(name) else None
            return self._answer(world, environ, start_response)
        name = self._name_in(environ)
        if name is None:
            self._prepare_template()
            name = _new_name()
            start_response = self._with_cookie(start_response, name)
            if environ["REQUEST_METHOD"] in ("GET", "HEAD") and path != _START:
                return self._common_wsgi(environ, start_response)
        world = self._find_or_make(name, environ)
        if world is None and environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            full = ServiceUnavailable("Too many shops are in use. Try again in half an hour.")
            return full(environ, start_response)  # all visitors could read what was typed into the common shop
        return self._answer(world, environ, start_response)

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
        for _number in range(min(count, MAX_OPEN)):
            self._background.submit(one)

    def find(self, name: str) -> World | None:
        """Return a world that exists."""
        world = World(name)
        return world if NAME.fullmatch(name) and world.shop_file.exists() else None

    def shop(self, world: World) -> Flask:
        """Return a world's shop; build it if this process has not yet, or not with these settings and this database."""
        with self._lock:
            kept = self._open.setdefault(world.id, _Open())
            self._open.move_to_end(world.id)
            if len(self._open) > MAX_OPEN:
                last_ones = {*self.kept(), world.id}
                last = next((name for name in self._open if name not in last_ones), next(iter(self._open)))
                _close(self._open.pop(last))
        with kept.lock:
            version = world.version
            if kept.app is None or kept.version != version:
                _close(kept)
                settings = self._settings_of(world)
                kept.app = self._built(settings)
                # The first page was the common shop's. `SECRET_KEY_FALLBACKS` would split a key with blanks.
                common = self._settings.signing_key
                kept.app.config.update(
                    SECRET_KEY_FALLBACKS=[common], WTF_CSRF_SECRET_KEY=[common, settings.signing_key]
                )
                kept.app.extensions["demo.world"] = world
                _list_cookies(kept.app, lambda: world.id in set(self.kept()))
                if self.workshop:
                    self.add_room(self.workshop, kept.app, world.id)
                kept.version, kept.touched = version, 0.0
            if time.monotonic() - kept.touched > _TOUCH_SECONDS or not kept.touched:
                os.utime(world.folder)
                kept.touched = time.monotonic()
                if kept.touched - self._swept > _SWEEP_SECONDS:
                    self._swept = kept.touched
                    self._background.submit(self._sweep)
            return kept.app

    def _warm(self, world: World) -> None:
        """Make the simulator's world too: the shop keeps its discovery document and keys for the first login."""
        app = self.shop(world)
        client = app.extensions["vipps"].client
        with app.app_context(), suppress(LoginRefused), client.slot() as deadline:
            client.discovery.key(None, deadline)

    def reset(self, world: World) -> bool:
        """Give a world a fresh shop, which is built again, and reset its simulator; return whether the simulator did.

        SQLite copies the template into the file in one transaction. A new file in its place would have the old file's
        write-ahead log beside it, and would be damaged by requests that are running.
        """
        draft = _write_draft(world, self._prepare_template().result())
        with closing(sqlite3.connect(draft)) as template, closing(sqlite3.connect(world.shop_file)) as shop:
            template.backup(shop)
        draft.unlink()
        own_settings.clear(world.settings_file)
        with self.shop(world).app_context():
            return simulator.reset(everything=True)

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
        if world is None:
            return self._common_wsgi(environ, start_response)
        try:
            shop = self.shop(world)
        except FileNotFoundError:  # another worker has deleted it since it was found
            return ServiceUnavailable("This shop was deleted just now. Load the page again.")(environ, start_response)
        return shop.wsgi_app({**environ, "demo.world": world}, start_response)

    def _name_in(self, environ: dict[str, Any]) -> str | None:
        name = world_in(self._settings, Request(environ).cookies.get(self._cookie, ""))
        return name if NAME.fullmatch(name) else None

    def _cookie_line(self, name: str) -> str:
        secure = self._settings.https
        value = cookie_of(self._settings, name)
        return dump_cookie(self._cookie, value, LIFETIME_SECONDS, secure=secure, httponly=True, samesite="Lax")

    def _with_cookie(self, start_response: Any, name: str) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            # A shared cache would give the world in a file's answer to other visitors.
            if Headers(headers).get("Content-Type", "").startswith("text/html"):
                headers = [*headers, ("Set-Cookie", self._cookie_line(name))]
            return start_response(status, headers, *error)

        return start

    def _find_or_make(self, name: str, environ: dict[str, Any], kind: str = "visit") -> World | None:
        """Return the visitor's world; None, which means the common shop, if too many are new or in use.

        The events of all visitors come from one address, the simulator's, so this `kind` counts by itself.
        """
        world = self.find(name)
        if world and name in self._open:
            return world
        limits = (BUILT_PER_CLIENT, BUILT_PER_SITE) if world else (NEW_PER_CLIENT, NEW_PER_SITE)
        with self._common.request_context(environ):
            clients = client_network(), client_site()
        count = f"world built for a {kind}" if world else "new world"  # equal limits with one name would share a count
        if not all(limiter.limiter.hit(limit, count, client) for limit, client in zip(limits, clients, strict=True)):
            return None
        if world is None and (world := self._make(name)):
            self._background.submit(self._warm, world)
        return world

    def _make(self, name: str) -> World | None:
        world = World(name)
        template = self._prepare_template().result()
        with self._making:
            if not world.shop_file.exists():
                if not self._make_room():
                    return None
                world.folder.mkdir(parents=True, exist_ok=True)
                _write_draft(world, template).rename(world.shop_file)
        return world

    def _make_room(self) -> bool:
        """Delete worlds that were not used for a day, or the one that is unused for longest if there are too many."""
        used = self._delete_unused()
        if len(used) + len(set(self.kept())) < MAX_WORLDS:
            return True
        for at, world in used[:1]:
            if at < time.time() - IN_USE_SECONDS:
                self.drop(world)
                return True
        return False

    def _sweep(self) -> None:
        self._delete_unused()
        self.delete_old_rooms()

    def _delete_unused(self) -> list[tuple[float, World]]:
        """Delete worlds that were not used for a day; return the others with the last use, oldest first."""
        kept, oldest = set(self.kept()), time.time() - LIFETIME_SECONDS
        worlds = [World(folder.name) for folder in folder_of("").glob("*") if folder.name not in kept]
        used = sorted(((world.folder.stat().st_mtime, world) for world in worlds), key=lambda each: each[0])
        for at, world in used:
            if at < oldest:
                self.drop(world)
        return [each for each in used if each[0] >= oldest]

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
            vipps_webhook_token=webhook_token(self._settings, world.id),
            metrics_token="",
            **own_settings.read(world.settings_file),
        )


def _list_cookies(app: Flask, is_in_room: Callable[[], bool] = lambda: False) -> None:
    """Name the cookies of worlds and of the workshop in a shop's privacy notice; a room's learner has a longer one."""
    of_a_room, of_a_visitor = timedelta(days=21), timedelta(seconds=LIFETIME_SECONDS)
    for name, purpose, life in (
        (COOKIE, _l("Tells which shop of this demo is yours."), lambda: of_a_room if is_in_room() else of_a_visitor),
        ("workshop", _l("Makes sure that a form of a workshop was sent from its own page."), lambda: None),
        ("workshop-teacher", _l("Shows the teacher of a workshop their rooms."), lambda: timedelta(days=14)),
    ):
        privacy_notice.register_cookie(app, partial(_cookie, name, purpose, life))


def _cookie(name: str, purpose: Any, life_now: Callable[[], timedelta | None]) -> privacy_notice.Cookie:
    ends = format_period(life) if (life := life_now()) else _("until you close the browser")
    return privacy_notice.Cookie(cookie_name(name), str(purpose), ends)


def _changed(settings: Settings, **changes: Any) -> Settings:
    return Settings(**{**settings.model_dump(), **changes})


def _write_draft(world: World, template: bytes) -> Path:
    draft = world.folder / f"draft-{os.getpid()}-{threading.get_ident()}"
    draft.write_bytes(template)
    return draft


def _new_name() -> str:
    return b32encode(secrets.token_bytes(10)).decode().lower()


def _close(kept: _Open) -> None:
    """Close the idle connections; a request that still uses one closes it at its end."""
    if kept.app is not None:
        with kept.app.app_context():
            db.engine.dispose()
        kept.app = None

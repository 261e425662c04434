"""The workshop at /workshop: rooms in which a teacher sees what each learner does in their own shop.

`create_workshop` builds a Flask app of its own, which the dispatcher of the worlds serves for every path that begins
with /workshop. Rule: the shop imports nothing of it, and it exists in demo mode only. `rooms` stores, `board` notices
what is solved, `teacher` and `learner` are the pages, and `hooks` adds the room to the shop of a learner's world.
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from jinja2 import FileSystemLoader
from sqlalchemy import Connection
from werkzeug.exceptions import HTTPException

from app import about, assets, i18n, log_events, logging, security, strict_requests
from app.errors import PAGES
from app.logging import log, reference
from app.settings import ROOT, Settings, load
from demo.workshop import codes, learner, take_home, teacher
from demo.workshop.board import MissionWatcher, SolvedIn
from demo.workshop.hooks import add_to_world
from demo.workshop.rooms import BoardMission, Rooms, RoomStatus, VisitorWorlds
from demo.workshop.store import Store

__all__ = ["BoardMission", "RoomStatus", "Rooms", "add_to_world", "create_workshop", "rooms_of", "teacher_address"]

ROOMS, WATCHER = "workshop.rooms", "workshop.watcher"
MAX_BODY_BYTES = 64 * 1024  # the largest body is the checker's verdicts


def never_solved(shop: Connection, simulator: Connection | None, since: datetime) -> Callable[[str], bool]:
    """Return what tells that no mission is solved, for a workshop without missions."""
    return lambda mission: False


def create_workshop(
    worlds: VisitorWorlds,
    folder: Path,
    *,
    missions: Sequence[BoardMission] = (),
    solved_in: SolvedIn = never_solved,
    settings: Settings | None = None,
) -> Flask:
    """Build the workshop; its SQLite file is made in `folder`."""
    settings = settings or load()
    if not (settings.in_demo and settings.simulated):
        raise ValueError("the workshop exists in the demo against the simulator only")
    app = Flask("app", static_folder=str(ROOT / "static"), static_url_path="/static")  # the texts are those of `app`
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_loader = FileSystemLoader([ROOT / "demo" / "templates", ROOT / "templates"])
    app.extensions["settings"] = settings
    rooms = app.extensions[ROOMS] = Rooms(worlds, folder, missions)
    weakref.finalize(app, rooms.engine.dispose)  # as the shop closes its connections
    worlds.kept, worlds.delete_old_rooms = rooms.world_ids, rooms.delete_old
    app.extensions[WATCHER] = MissionWatcher(rooms, solved_in)
    app.jinja_env.globals.update(settings=settings, shop_name=about.NAME)

    log_events.EVENTS.update(log_events.read(ROOT / "demo" / "log_events.toml"))
    logging.init_app(app, settings)
    strict_requests.init_app(app)
    security.init_app(app, settings)
    app.config.update(
        SESSION_COOKIE_NAME=settings.cookie_name("workshop"),  # a world's shop may sign its own with another key
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
    )
    i18n.init_app(app)
    i18n.add_translations(app, ROOT / "demo" / "translations")
    assets.init_app(app)
    app.add_template_filter(codes.spaced, "room_code")
    app.add_url_rule("/workshop/language/<code>", "language", i18n.choose)
    app.register_blueprint(teacher.bp)
    app.register_blueprint(learner.bp)
    app.register_blueprint(take_home.bp)
    security.csrf.exempt(learner.verdicts)  # a program sends them, without cookies
    app.before_request(rooms.delete_old_now_and_then)
    app.after_request(_keep_private)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(Exception, _unexpected)
    return app


def from_track(
    missions: Mapping[str, Any], solved_in: Callable[..., Callable[[Any], bool]], settings: Settings
) -> dict[str, Any]:
    """Return the arguments of `create_workshop` for the missions of `demo.missions`, by their keys."""

    def title(mission: Any) -> LazyString:
        return LazyString(lambda: mission.text(i18n.language()).title % {"brand": settings.brand})

    def by_key(*about: Any) -> Callable[[str], bool]:
        is_solved = solved_in(*about)
        return lambda key: is_solved(missions[key])

    listed = [BoardMission(key, title(each), each.part) for key, each in missions.items()]
    return {"missions": listed, "solved_in": by_key}


def rooms_of(workshop: Flask) -> Rooms:
    """Return the rooms of a workshop."""
    rooms: Rooms = workshop.extensions[ROOMS]
    return rooms


def teacher_address(settings: Settings, folder: Path) -> str:
    """Return a new address that makes a browser the teacher's; it works once. The start prints it."""
    store = Store(folder)
    try:
        return f"{settings.public_url}/workshop/teach/open/{store.new_link()}"
    finally:
        store.engine.dispose()


def _keep_private(response: Response) -> Response:
    """Forbid caches to store these pages: they show nicknames, and words that open a world."""
    if response.mimetype != "text/css":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _stale_form(error: CSRFError) -> ResponseReturnValue:
    return render_template("workshop/error.html", title=PAGES[400][0], explanation=PAGES[400][1]), 400


def _error_page(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    title, explanation = PAGES.get(status, PAGES[400 if status < 500 else 500])
    html = render_template("workshop/error.html", title=title, explanation=explanation, status=status)
    return html, status, [(k, v) for k, v in error.get_headers() if k.lower() != "content-type"]


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected_error", error=type(error).__name__)
    title, explanation = PAGES[500]
    return render_template("workshop/error.html", title=title, explanation=explanation, reference=reference()), 500

"""Show this browser's newest login while it happens: a page that follows it by server-sent events.

The stream only tells that there is a new recording (HTML Living Standard, section 9.2). The page then loads itself
again and adds the new steps. A stream occupies a thread of the server, so it ends after `MAX_STREAM_SECONDS`. A process
has at most `MAX_STREAMS`, and at most `MAX_PER_NETWORK` for one client network, because one client can pretend to be
many browsers. A reload of gunicorn waits for streams until its `graceful_timeout`. Without a stream, a link loads the
page again.
"""

import time
import weakref
from collections.abc import Iterator
from threading import Lock

from flask import Response, make_response, render_template, request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.database import db, utcnow
from app.guide.inspector import recorded_names, store
from app.guide.inspector.timeline import build_timeline
from app.security import client_network
from app.tokens import secret_hash
from app.vipps.attempts import LIFETIME

MAX_STREAMS = 8
MAX_PER_NETWORK = 3
MAX_STREAM_SECONDS = 300.0
POLL_SECONDS = 0.5
PING_SECONDS = 2.0  # the server notices only while sending that the browser has gone

_lock = Lock()
_open: list[str] = []  # the client of each open stream of this process


def live() -> Response:
    """Show the newest login if it can still be in progress. A new browser gets its cookie here, before the login."""
    token = store.browser_token()
    seen = store.newest_version(db.engine, secret_hash(token))
    newest = next(iter(store.list_for_browser()), None)
    timeline = build_timeline(newest) if newest and newest.at >= utcnow() - LIFETIME else None
    minutes = round(MAX_STREAM_SECONDS / 60)
    shown = {"timeline": timeline, "names": recorded_names, "seen": seen, "minutes": minutes}
    response = make_response(render_template("guide/inspector/live.html", **shown))
    store.set_browser_cookie(response, token)
    return response


def live_events() -> Response:
    """Send an event when this browser's newest login differs from `seen`. At the limit, status 204 ends the stream."""
    token, client = store.read_token(), client_network()
    if not token or not _take_place(client):
        return Response(status=204)
    stream = _events(db.engine, secret_hash(token), request.args.get("seen", ""))
    response = Response(stream, content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    # Some responses are never closed: to a HEAD, or by werkzeug's server when the browser has reset the connection.
    weakref.finalize(response, _give_back, client)
    return response


def _events(engine: Engine, browser: str, seen: str) -> Iterator[str]:
    """Yield the events. The request's context has ended by then, so there is an engine and no session."""
    ends_at = time.monotonic() + MAX_STREAM_SECONDS
    pings_at = 0.0
    while (now := time.monotonic()) < ends_at:
        try:
            version = store.newest_version(engine, browser)
        except SQLAlchemyError:
            return  # the browser asks again after some seconds
        if version != seen:
            seen = version
            yield f"event: login\ndata: {version}\n\n"
        elif now >= pings_at:
            pings_at = now + PING_SECONDS
            yield ": the stream is open\n\n"
        time.sleep(POLL_SECONDS)  # any worker may record the login, so the database is asked again
    yield "event: end\ndata: time\n\n"


def _take_place(client: str) -> bool:
    with _lock:
        is_free = len(_open) < MAX_STREAMS and _open.count(client) < MAX_PER_NETWORK
        if is_free:
            _open.append(client)
    return is_free


def _give_back(client: str) -> None:
    with _lock:
        _open.remove(client)

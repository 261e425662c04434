"""Show a teacher the logins that a learner's world recorded, read only: the inspector's steps without its forms.

The page is rendered by the shop of the learner's world, because the inspector's texts depend on its settings. It is no
request of that shop: it sets no cookie and stores nothing.
"""

import json
from typing import Any

from flask import Flask, render_template, request
from sqlalchemy import inspect, select

from app.database import db
from app.guide.inspector import recorded_names
from app.guide.inspector.store import RecordedLogin, inspected_login
from app.guide.inspector.timeline import build_timeline

MAX_LOGINS = 20


def show_logins(shop: Flask, number: int | None, **context: Any) -> str:
    """Return the page of the newest recorded logins of all browsers of a world, with the steps of one of them."""
    headers = {name: request.headers[name] for name in ("Accept-Language", "Cookie") if name in request.headers}
    with shop.test_request_context(request.path, base_url=request.host_url, headers=headers):
        logins = _logins() if inspect(db.engine).has_table(inspected_login.name) else []
        timelines = [build_timeline(each) for each in logins]
        shown = next((each for each in timelines if number in (None, each.login.id)), None)
        return render_template(
            "workshop/logins.html", timelines=timelines, shown=shown, names=recorded_names, **context
        )


def _logins() -> list[RecordedLogin]:
    newest = select(inspected_login).order_by(inspected_login.c.id.desc()).limit(MAX_LOGINS)
    return [
        RecordedLogin(
            row.id, row.at, row.reference, *(json.loads(half) if half else None for half in (row.start, row.callback))
        )
        for row in db.session.execute(newest)
    ]

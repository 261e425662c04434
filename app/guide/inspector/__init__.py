"""The inspector: every step of this browser's own logins, as they went over the wire.

While a request is handled, `recording` notes what passes: the request itself, the calls to Vipps (a signal of the
integration), the statements that write to the database. When it ends and it belonged to a login, `store` keeps it, with
secrets masked by `masks`, beside the login's other half: a login is two requests, held together by its state. `story`
turns the two into arrows and steps, `checks` says which checks were passed, `comparison` what was different in two
logins, and `words` explains every name.

What it keeps belongs to one browser and is bounded in rows and age. It watches in the demo only, and a fault in it
never reaches the login that it watches.
"""

from flask import Flask, url_for

from app.security import read_cookie


def url() -> str:
    """Return where this browser's newest login is told; empty if it has begun none, or has had them forgotten."""
    from app.guide.inspector import store

    return url_for("inspector.latest") if read_cookie(store.COOKIE) else ""


def init_app(app: Flask) -> None:
    """Watch the logins of this app."""
    # Here, so that whoever needs the store alone does not load the rest.
    from app.guide.inspector import recording, routes, store
    from app.shop import privacy_notice

    recording.init_app(app)
    app.register_blueprint(routes.bp)
    privacy_notice.register_cookie(app, store.cookie)

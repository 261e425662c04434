"""The inspector: shows every step of this browser's own logins, as they were sent.

While a request is handled, `recording` records the request itself, the calls to Vipps (by a signal of the integration)
and the statements that write to the database. `masking` shortens secrets before they are stored. If the request
belonged to a login, `store` saves the record with the other half of that login: a login is two requests with the same
state. `timeline` turns the two halves into arrows and steps, `checks` tells which checks the login passed, `comparison`
lists the differences between two logins, and `recorded_names` explains every name. `routes` has the pages, and `live`
has the page that follows a login.

Recordings belong to one browser and are limited in number and age. The inspector records in the demo only, and an error
in it never affects the login that it records.
"""

from flask import Flask, url_for

from app.guide.inspector import store


def url() -> str:
    """Return the address of this browser's newest login; empty if none came back, or it has deleted them."""
    return url_for("inspector.latest") if store.has_finished_login() else ""


def init_app(app: Flask) -> None:
    """Record the logins of this app, and show them."""
    # Imported here, so that a shop that needs only the store does not load the rest.
    from app.guide.inspector import curl, recording, routes, timeline
    from app.shop import privacy_notice

    recording.init_app(app)
    app.register_blueprint(routes.bp)
    app.add_template_filter(curl.as_curl)
    app.add_template_filter(timeline.in_brand)
    privacy_notice.register_cookie(app, store.cookie)

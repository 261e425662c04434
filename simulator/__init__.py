"""Vipps Login, simulated: an OpenID provider that behaves like Vipps MobilePay Login as far as its
documentation says.

It is a product of its own, on an origin of its own, and knows nothing of any merchant site: a site in any
language points at it by its client id, its secret and this origin. It never calls anybody, needs no network
and invents all its people.

The rules are plain functions with typed outcomes: `authorization` judges the request, `logins` walks a person
through it, `tokens` and `userinfo` answer the merchant. `protocol`, `screens`, `home`, `phone`, `portal` and
`control` translate HTTP. All state is in `database` and `models`, so several workers may serve one simulator.
"""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request
from flask.json.provider import DefaultJSONProvider
from flask_wtf.csrf import CSRFProtect

from simulator import control, error_pages, headers, home, i18n, phone, portal, protocol, screens, seed
from simulator.config import MerchantConfig, SimulatorConfig
from simulator.context import EXTENSION, Simulator
from simulator.database import Store
from simulator.keys import KeyRing

__all__ = ["MerchantConfig", "SimulatorConfig", "create_simulator"]

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_HERE = Path(__file__).parent


class _Json(DefaultJSONProvider):
    """JSON as Vipps writes it: letters as they are, members in a sensible order."""

    ensure_ascii = False
    sort_keys = False


class _SimulatorApp(Flask):
    """Flask, with templates that leave no blank lines where a tag stood."""

    json_provider_class = _Json
    jinja_options = {**Flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


def create_simulator(config: SimulatorConfig) -> Flask:
    """Return the simulator as a WSGI app, its database made and seeded."""
    app = _SimulatorApp(
        __name__,
        template_folder=str(_HERE / "templates"),
        static_folder=str(_HERE / "static"),
        static_url_path="/static",
    )
    app.config.update(
        SECRET_KEY=config.secret_key,
        # Cookies know no ports: on localhost the merchant site sees these too, so the names must not meet.
        SESSION_COOKIE_NAME="vipps_simulator_session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure,
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    store = Store(config.database_url)
    seed.prepare(store, config.merchants)
    app.extensions[EXTENSION] = Simulator(config, store, KeyRing(config.key_grace))
    _wire(app)
    return app


def _wire(app: Flask) -> None:
    """Register everything that answers requests. Merchants and scripts send no CSRF token; people do."""
    i18n.init_app(app)
    headers.init_app(app)
    error_pages.init_app(app)
    app.before_request(_refuse_other_hosts)
    csrf = CSRFProtect(app)
    for module in (protocol, control):
        csrf.exempt(module.bp)
    for module in (protocol, control, screens, home, phone, portal):
        app.register_blueprint(module.bp)


def _refuse_other_hosts() -> None:
    """Answer under our own name only: a web page whose name is made to lead here (DNS rebinding) gets nothing.

    A health check may come by address.
    """
    ours = urlsplit(current_app.extensions[EXTENSION].config.public_url)
    host = urlsplit(f"//{request.host}").hostname
    if host not in {ours.hostname, *LOCAL_HOSTS} and request.path != "/healthz":
        abort(HTTPStatus.BAD_REQUEST)

"""Vipps Login, simulated: an OpenID provider that behaves like Vipps MobilePay Login as far as its documentation says.

It is a separate product on its own origin, and depends on no merchant site: a site in any language connects to it with
a client id, a client secret and this origin. It needs no network, and all its persons are fictional. It calls only the
webhook addresses that merchants register on their own origins. It is for test data, not for the open internet.

The rules are plain functions with typed outcomes: `authorization` checks the request, `logins` decides the steps of the
login, `tokens` and `userinfo` answer the merchant. `protocol`, `screens`, `home`, `phone`, `portal` and `control`
translate HTTP. All state is in `database` and `models`, so several workers may serve one simulator.
"""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request
from flask.json.provider import DefaultJSONProvider
from flask_wtf.csrf import CSRFProtect

from . import (
    clock,
    control,
    error_pages,
    headers,
    home,
    i18n,
    phone,
    portal,
    protocol,
    random_values,
    screens,
    seed,
    strict_requests,
)
from .config import LOCAL_HOSTS, MerchantConfig, SimulatorConfig
from .context import EXTENSION, Simulator
from .database import Store
from .keys import KeyRing
from .version import __version__
from .worlds import Worlds

__all__ = ["MerchantConfig", "SimulatorConfig", "__version__", "create_simulator"]

_HERE = Path(__file__).parent


class _Json(DefaultJSONProvider):
    """JSON as Vipps writes it: non-ASCII letters unescaped, members in the order they were added."""

    ensure_ascii = False
    sort_keys = False


class _SimulatorApp(Flask):
    """Flask, with templates whose block tags leave no blank lines."""

    request_class = strict_requests.StrictRequest
    json_provider_class = _Json
    jinja_options = {**Flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


def create_simulator(config: SimulatorConfig) -> Flask:
    """Return the simulator as a WSGI app, with its database created and seeded."""
    app = _SimulatorApp(
        __name__,
        template_folder=str(_HERE / "templates"),
        static_folder=str(_HERE / "static"),
        static_url_path="/static",
    )
    app.config.update(
        SECRET_KEY=config.secret_key,
        APPLICATION_ROOT=config.cookie_path,
        SESSION_COOKIE_NAME=config.cookie_name("session"),
        SESSION_COOKIE_PATH=config.cookie_path,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure,
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    store = Store(config.database_url)
    seed.prepare(store, config.merchants)
    folder = config.worlds_folder
    worlds = Worlds(app.wsgi_app, config, folder, create_simulator) if folder else None
    source = random_values.system_or_seeded(config.seed)
    app.extensions[EXTENSION] = Simulator(config, store, KeyRing(config.key_grace), source, worlds)
    if worlds:
        app.wsgi_app = worlds  # type: ignore[method-assign]  # as Flask's documentation does
    _wire(app)
    return app


def _wire(app: Flask) -> None:
    """Register handlers and blueprints. Merchants and scripts send no CSRF token; browsers do."""
    strict_requests.init_app(app)
    i18n.init_app(app)
    headers.init_app(app)
    error_pages.init_app(app)
    app.before_request(_refuse_other_hosts)
    clock.init_app(app)
    csrf = CSRFProtect(app)
    for module in (protocol, control):
        csrf.exempt(module.bp)
    for module in (protocol, control, screens, home, phone, portal):
        app.register_blueprint(module.bp)


def _refuse_other_hosts() -> None:
    """Refuse other host names: a web page whose name resolves to this server (DNS rebinding) gets no data.

    A health check may use the IP address.
    """
    own_url = urlsplit(current_app.extensions[EXTENSION].config.public_url)
    host = urlsplit(f"//{request.host}").hostname
    if host not in {own_url.hostname, *LOCAL_HOSTS} and request.path != "/healthz":
        abort(HTTPStatus.BAD_REQUEST)

"""Build the reference merchant: a small shop where customers log in with Vipps MobilePay.

`create_app` is the one place that connects the parts. They import each other in one direction only,
`shop -> customers -> vipps`, which `make lint` checks.
"""

from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from app import (
    about,
    assets,
    cli,
    customers,
    errors,
    health,
    i18n,
    logging,
    mail,
    metrics,
    security,
    shop,
    site_files,
    staff,
    strict_requests,
)
from app.customers.linking.vipps_login import VippsLogin
from app.database import connect, db, engine_options
from app.mail_sender import Sender
from app.settings import LOCAL_HOSTS, Settings, load, vipps_config
from app.vipps import routes as vipps_routes
from app.vipps import webhook

ROOT = Path(__file__).resolve().parent.parent


class Shop(Flask):
    """Flask, with strict requests, and with templates whose tags leave no blank lines."""

    request_class = strict_requests.StrictRequest
    jinja_options = {**Flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


def create_app(settings: Settings | None = None, *, shares_counts: bool = False) -> Flask:
    """Build the shop, by default from the environment. `shares_counts` keeps an earlier app's counts of rate limits."""
    settings = settings or load()
    app = Shop(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    # Debug mode shows messages and source code, so it works only on the developer's own machine.
    app.debug = app.debug and urlsplit(settings.public_url).hostname in LOCAL_HOSTS
    app.extensions["settings"] = settings
    app.jinja_env.globals.update(settings=settings, about=about, shop_name=about.NAME)
    app.config.update(SQLALCHEMY_DATABASE_URI=settings.database, SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings))

    logging.init_app(app, settings)
    strict_requests.init_app(app)
    security.init_app(app, settings, shares_counts)
    connect(app)
    i18n.init_app(app)
    assets.init_app(app)
    site_files.init_app(app)
    errors.init_app(app)
    mail.init_app(app)
    app.extensions[mail.SENDER] = Sender(app)

    customers.init_app(app)
    vipps_routes.init_app(app, vipps_config(settings), VippsLogin(), engine=lambda: db.engine)
    app.register_blueprint(webhook.bp)
    security.csrf.exempt(webhook.bp)  # Vipps sends it, not a browser, and it reads no cookie
    shop.init_app(app)
    staff.init_app(app)
    app.register_blueprint(health.bp)
    metrics.init_app(app, settings)
    cli.init_app(app)
    if (ROOT / "demo").is_dir():  # a fork has no such package
        import_module("demo").init_app(app, settings)
    return app

"""Build the reference merchant: a small shop where customers log in with Vipps MobilePay.

`create_app` is the one place that connects the parts. They import each other in one direction only,
`shop -> customers -> vipps`, which `make lint` checks.
"""

from importlib import import_module
from pathlib import Path

from flask import Flask

from app import about, assets, cli, customers, errors, health, i18n, logging, mail, metrics, security, shop, staff
from app.customers.linking.vipps_login import VippsLogin
from app.database import connect, db, engine_options
from app.mail_sender import Sender
from app.settings import Settings, load
from app.vipps import routes as vipps_routes
from app.vipps import webhook
from app.vipps.config import VippsConfig

ROOT = Path(__file__).resolve().parent.parent


class Shop(Flask):
    """Flask, with templates that leave no blank lines in place of tags."""

    jinja_options = {**Flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


def create_app(settings: Settings | None = None) -> Flask:
    """Build the shop from the given settings, or from the environment."""
    settings = settings or load()
    app = Shop(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.extensions["settings"] = settings
    app.jinja_env.globals.update(settings=settings, about=about, shop_name=about.NAME)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
    )

    logging.init_app(app, settings)
    security.init_app(app, settings)
    connect(app)
    i18n.init_app(app)
    assets.init_app(app)
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


def vipps_config(settings: Settings) -> VippsConfig:
    """Return the settings that the integration needs, by its own names."""
    return VippsConfig(
        base_url=settings.provider_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_auth_method=settings.vipps_client_auth_method,
        merchant_serial_number=settings.vipps_merchant_serial_number,
        redirect_uri=settings.redirect_uri,
        system_name=f"{about.SLUG}-shop"[:30],  # the longest that Vipps accepts
        scopes=settings.scopes,
        market=settings.vipps_market,
        concurrent_logins=settings.vipps_concurrent_logins,
        webhook_token=settings.webhook_token,
        other_webhook_tokens=tuple(settings.other_webhook_tokens),
        secure_cookies=settings.https,
        check_first=settings.simulated,
        failures_on_demand=settings.simulated,
    )

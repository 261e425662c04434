"""The shop: catalogue, cart, checkout, orders.

The rules are in `catalogue`, `carts` and `orders`, which use the database and know nothing of HTTP; `routes` turns
requests into calls and outcomes into pages. The shop uses `app.customers` (the session, the Vipps profile) and listens
to a signal of the login, so `app.customers` imports nothing of the shop.
"""

from functools import partial

from flask import Flask

from app import site_files
from app.customers.privacy import data_sources
from app.customers.sessions.session_cookie import customer_logged_in
from app.database import query_or
from app.shop import cart_cookie, fragment_cache, privacy, routes
from app.shop.catalogue import NO_CATEGORIES, RememberedCategories
from app.shop.routes import catalogue


def init_app(app: Flask) -> None:
    """Register the pages, the values in every page's header, the cart's merge at login, and the personal data."""
    app.extensions["shop_categories"] = RememberedCategories()
    for blueprint in routes.BLUEPRINTS:
        app.register_blueprint(blueprint)
    fragment_cache.init_app(app)
    app.add_template_global(partial(query_or, catalogue.shop_categories, NO_CATEGORIES), "shop_categories")
    app.add_template_global(partial(query_or, cart_cookie.cart_count, 0), "cart_count")
    data_sources.register(app, *privacy.SOURCES)
    site_files.add_to_sitemap(app, catalogue.public_paths)
    customer_logged_in.connect(cart_cookie.merge_at_login, app)

"""The shop: catalogue, cart, checkout, orders.

The rules are in `catalogue`, `carts` and `orders`, which know the database and nothing of HTTP; `routes` turns
requests into calls and outcomes into pages. It stands on `app.customers` (who is logged in, what Vipps said) and
hears of a login by a signal, so that customers need not know that there is a shop.
"""

from functools import partial

from flask import Flask

from app.customers.privacy import data_sources
from app.customers.sessions.session_cookie import customer_logged_in
from app.database import query_or
from app.shop import cart_cookie, fragment_cache, privacy
from app.shop.catalogue import NO_CATEGORIES, RememberedCategories
from app.shop.routes import BLUEPRINTS
from app.shop.routes.catalogue import shop_categories


def init_app(app: Flask) -> None:
    """Register the pages, what the header of every page needs, the cart's part in a login, and the personal data."""
    app.extensions["shop_categories"] = RememberedCategories()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    fragment_cache.init_app(app)
    app.add_template_global(partial(query_or, shop_categories, NO_CATEGORIES), "shop_categories")
    app.add_template_global(partial(query_or, cart_cookie.cart_count, 0), "cart_count")
    for holder in privacy.HOLDERS:
        data_sources.register(app, holder)
    customer_logged_in.connect(cart_cookie.merge_at_login, app)

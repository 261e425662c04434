"""The catalogue's pages: the front page with search and categories, and a product by itself."""

from collections.abc import Hashable, Iterator
from urllib.parse import urlencode

from flask import Blueprint, abort, current_app, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from app.customers.sessions.session_cookie import current_customer
from app.database import db
from app.i18n import here, language
from app.pagination import or_404, place_in_query
from app.shop import catalogue
from app.shop.cart_cookie import cart_count
from app.shop.carts import MAX_QUANTITY
from app.shop.catalogue import CURSOR_KEY, MAX_QUERY, CategoryName, RememberedCategories
from app.shop.fragment_cache import cached_fragment
from app.site_files import MAX_SITEMAP

bp = Blueprint("shop", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    """Show all products, the products of a category, or the products that a search finds."""
    q = " ".join(request.args.get("q", "")[:MAX_QUERY].replace("\0", "").split())
    category = _category()
    place = place_in_query(len(CURSOR_KEY))
    slug = category.slug if category else ""
    shelf = or_404(catalogue.find_products(db.session(), language(), q, slug, place), place)
    kept = {"q": q, "category": slug}
    facts: dict[str, Hashable] = {
        "shelf": shelf,
        "q": q,
        "category": category,
        "everything": not q and not category,
        "link": "/?" + "".join(f"{urlencode({name: value})}&" for name, value in kept.items() if value),
    }
    if _is_personal():
        return render_template("shop/home.html", **facts)
    # For all other visitors the page is the same, except for its own address in the language switch.
    return cached_fragment("shop/home.html", categories=shop_categories(), address=here(), **facts)


def _is_personal() -> bool:
    """Tell whether the page has content for this browser only: a login, a cart, a message or an extension's content."""
    return current_customer() is not None or cart_count() > 0 or "_flashes" in session or g.get("is_personal", False)


def shop_categories() -> tuple[CategoryName, ...]:
    """Return the categories for the navigation of every page."""
    remembered: RememberedCategories = current_app.extensions["shop_categories"]
    return remembered.get(db.session(), language())


def _category() -> CategoryName | None:
    """Return the category in the address, None without one; answer 404 if it does not exist."""
    slug = request.args.get("category", "")
    if not slug:
        return None
    # A category may be newer than this process's cache, so the database is asked second.
    for known in (shop_categories, lambda: catalogue.read_categories(db.session(), language())):
        if found := next((each for each in known() if each.slug == slug), None):
            return found
    raise NotFound


@bp.get("/products/<slug>")
def product(slug: str) -> ResponseReturnValue:
    """Show one product, and a few related ones."""
    found = catalogue.product_by_slug(db.session(), slug.replace("\0", ""), language())
    if found is None:
        abort(404)
    related = catalogue.related_products(db.session(), found, language())
    return render_template("shop/product.html", product=found, most=min(found.stock, MAX_QUANTITY), related=related)


def public_paths() -> Iterator[str]:
    """Yield the paths of the shop's public pages, for the sitemap."""
    categories, products = catalogue.all_slugs(db.session(), MAX_SITEMAP)
    yield from map(url_for, ("shop.home", "login.page", "legal.privacy", "legal.terms"))
    yield from (url_for("shop.home", category=slug) for slug in categories)
    yield from (url_for("shop.product", slug=slug) for slug in products)

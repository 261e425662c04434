"""The cart's pages: show, add, change, remove. No price comes from the browser."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.database import begin_write, db
from app.i18n import language
from app.shop import carts
from app.shop.cart_cookie import current_owner, owner_to_fill, set_cart_cookie
from app.shop.carts import Added, SoldOut
from app.shop.orders import total_of

bp = Blueprint("cart", __name__)


@bp.get("/cart")
def show() -> ResponseReturnValue:
    """Show the cart, at the current prices."""
    lines = carts.lines_of(db.session(), current_owner(), language())
    facts = {"total": total_of(lines), "orderable": all(line.enough for line in lines), "most": carts.MAX_QUANTITY}
    return render_template("shop/cart.html", lines=lines, **facts)


@bp.post("/cart/add")
def add() -> ResponseReturnValue:
    """Put a product into the cart."""
    slug, quantity = _slug(), carts.parse_quantity(request.form.get("quantity", "1"))
    if quantity is None:
        _flash_bad_quantity()
        return redirect(url_for("shop.product", slug=slug), 303)
    begin_write()
    owner, token = owner_to_fill()
    outcome = carts.add(db.session(), owner, slug, quantity, language())
    db.session.commit()
    match outcome:
        case None:
            abort(404)
        case SoldOut(name):
            flash(_("“%(name)s” is sold out right now.", name=name), "warning")
            return redirect(url_for("shop.product", slug=slug), 303)
        case Added(name, quantity, capped=True):
            facts = {"name": name, "count": quantity}
            flash(_("Your cart now has %(count)s of “%(name)s”. You can’t order more of it.", **facts), "warning")
        case Added(name):
            flash(_("“%(name)s” is in your cart.", name=name), "success")
    response = redirect(url_for("cart.show"), 303)
    if token:
        set_cart_cookie(response, token)  # type: ignore[arg-type]  # werkzeug's response; the cookie part is the same
    return response


@bp.post("/cart/update")
def update() -> ResponseReturnValue:
    """Change the quantity of a product in the cart."""
    slug, quantity = _slug(), carts.parse_quantity(request.form.get("quantity"))
    if quantity is None:
        _flash_bad_quantity()
        return redirect(url_for("cart.show"), 303)
    begin_write()
    outcome = carts.change(db.session(), current_owner(), slug, quantity, language())
    db.session.commit()
    match outcome:
        case None:
            flash(_("That product is no longer in your cart."), "info")
        case SoldOut(name):
            flash(_("“%(name)s” is sold out right now.", name=name), "warning")
        case Added(name, quantity, capped=True):
            facts = {"count": quantity, "name": name}
            flash(_("We have only %(count)s of “%(name)s”, so the quantity is now %(count)s.", **facts), "warning")
    return redirect(url_for("cart.show"), 303)


@bp.post("/cart/remove")
def remove() -> ResponseReturnValue:
    """Remove a product from the cart; removing it twice is not an error."""
    slug = _slug()
    begin_write()
    name = carts.remove(db.session(), current_owner(), slug, language())
    db.session.commit()
    if name:
        flash(_("“%(name)s” was removed from your cart.", name=name), "info")
    return redirect(url_for("cart.show"), 303)


def _slug() -> str:
    """Return the slug of the product in the form; answer 400 without one, because the shop's forms always have it."""
    slug = request.form.get("product", "").replace("\0", "")
    return slug or abort(400)


def _flash_bad_quantity() -> None:
    flash(_("Please choose a whole number from 1 to 99. Your cart is unchanged."), "error")

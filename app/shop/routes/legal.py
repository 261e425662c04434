"""The privacy notice and the terms. The notice gets its facts from the code that uses them (GDPR, article 13)."""

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from app.customers.linking import pending_link
from app.customers.privacy import retention
from app.customers.sessions import session_cookie, session_store
from app.i18n import A_YEAR, LANGUAGE_COOKIE
from app.security import cookie_name
from app.settings import settings_of_app
from app.shop import cart_cookie, carts, privacy_notice
from app.vipps import attempts
from app.vipps.routes import integration

bp = Blueprint("legal", __name__)


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """Show the privacy notice: which data is kept, why, how long, and the customer's rights."""
    cookie_names = {
        "cart": cookie_name(cart_cookie.COOKIE),
        "session": cookie_name(session_cookie.SESSION_COOKIE),
        "form": current_app.config["SESSION_COOKIE_NAME"],
        "login": integration().cookie,
        "pending_link": cookie_name(pending_link.PENDING_COOKIE),
        "language": cookie_name(LANGUAGE_COOKIE),
    }
    limits = {
        "guest_cart": carts.GUEST_CART_LIFE,
        "idle": session_store.IDLE_LIMIT,
        "session": session_store.ABSOLUTE_LIMIT,
        "login": attempts.LIFETIME,
        "login_kept": attempts.LIFETIME + attempts.RETENTION,
        "pending_link": pending_link.LIFETIME,
        "language": A_YEAR,
    }
    return render_template(
        "shop/privacy.html",
        scopes=settings_of_app().scopes,
        cookie_names=cookie_names,
        more_cookies=privacy_notice.registered_cookies(),
        periods=retention,
        limits=limits,
    )


@bp.get("/terms")
def terms() -> ResponseReturnValue:
    """Show the terms of sale."""
    return render_template("shop/terms.html")

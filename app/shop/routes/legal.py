"""Privacy and terms, in plain words."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.customers.privacy import periods
from app.customers.session_rows import IDLE_LIMIT
from app.shop import facts

bp = Blueprint("legal", __name__)


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """Say what is kept about people, why, how long, and what they can do about it."""
    return render_template(
        "shop/privacy.html",
        asked=facts.asked(),
        cookies=facts.cookies(),
        kept=facts.kept(),
        consent_proof=periods.consent_proof(),
        idle=IDLE_LIMIT,
    )


@bp.get("/terms")
def terms() -> ResponseReturnValue:
    """Say what holds between the shop and who buys."""
    return render_template("shop/terms.html")

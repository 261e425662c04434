"""The privacy notice and the terms."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.customers.privacy import retention_periods
from app.customers.sessions.session_store import IDLE_LIMIT
from app.shop import privacy_notice

bp = Blueprint("legal", __name__)


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """Show the privacy notice: which data is kept, why, how long, and the customer's rights."""
    return render_template(
        "shop/privacy.html",
        asked=privacy_notice.requested_scopes(),
        cookies=privacy_notice.cookies(),
        kept=privacy_notice.retention(),
        consent_proof=retention_periods.consent_proof(),
        idle=IDLE_LIMIT,
    )


@bp.get("/terms")
def terms() -> ResponseReturnValue:
    """Show the terms of sale."""
    return render_template("shop/terms.html")

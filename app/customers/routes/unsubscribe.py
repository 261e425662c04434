"""The link that ends a mail, for people and for mail programs; logged out, and without anything personal on it."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers.consents import unsubscribe
from app.database import db
from app.errors import error_page
from app.logging import log
from app.security import csrf

bp = Blueprint("unsubscribe", __name__)


@bp.get("/unsubscribe/<token>")
def page(token: str) -> ResponseReturnValue:
    """Show what the link ends; nothing happens before the button is pressed, since mail scanners open links."""
    link = unsubscribe.find(token)
    if link is None:
        return _unknown()
    return render_template("customers/unsubscribe.html", token=token, channel=link[1])


@bp.post("/unsubscribe/<token>")
def withdraw(token: str) -> ResponseReturnValue:
    """Withdraw at once; as often as it is pressed."""
    link = unsubscribe.withdraw(token)
    if link is None:
        db.session.rollback()
        return _unknown()
    db.session.commit()
    customer, channel = link
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    log.info("unsubscribed", customer=customer.id, consent=channel.id, one_click=one_click)
    return render_template("customers/unsubscribed.html", channel=channel)


# A mail program has no cookie and no page (RFC 8058, section 3.2); the token is what allows it.
csrf.exempt(withdraw)


def _unknown() -> ResponseReturnValue:
    return error_page(
        404,
        _("We do not know this link"),
        _("It may be incomplete. Or the account is deleted, and then it gets no more news."),
    )

"""The pages of the back office, all in one blueprint, so that its login check covers every new page."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden, HTTPException, NotFound, TooManyRequests

from app.errors import PAGES
from app.logging import reference
from app.staff import sessions
from app.staff.routes import audience, customers, enrolment, lists, login, search, vipps_links

bp = Blueprint("staff", __name__, url_prefix="/staff")
bp.before_request(sessions.require_staff)
bp.after_request(sessions.keep_private)
for part in (login, search, customers, vipps_links, lists, audience, enrolment):
    bp.register_blueprint(part.bp)

# The title and the explanation of each error.
WORDS = {
    400: (
        _l("This page was open for too long"),
        _l("Nothing was done. Please go back, reload the page and try again."),
    ),
    403: (_l("You can’t do this"), _l("Your account does not have permission to do this.")),
    404: (_l("Not found"), _l("The number may be mistyped, or the customer’s account is deleted.")),
    429: PAGES[429],
}


@bp.errorhandler(CSRFError)
@bp.errorhandler(Forbidden)
@bp.errorhandler(NotFound)
@bp.errorhandler(TooManyRequests)
def refused(error: HTTPException) -> ResponseReturnValue:
    """Show the error in the back office's own layout, so that staff do not end up in the shop."""
    status = error.code or 400
    title, explanation = WORDS[status]
    return render_template("staff/refused.html", title=title, explanation=explanation, reference=reference()), status

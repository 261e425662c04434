"""Search for a customer. The query is a name or an email address, so it is posted and is part of no URL.

This browser's form cookie stores it under a random key, and the URL of the result has only the key: the result can be
reloaded and paged, and neither proxy logs nor the browser's history contain the query (ASVS 14.2.1).
"""

import secrets

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app.database import begin_write, db
from app.pagination import place_in_query
from app.staff import audit_log, search
from app.staff.audit_log import AuditAction
from app.staff.sessions import required_staff

SEARCHES = "staff_searches"
MAX_SEARCHES = 5
KEY_BYTES = 6

bp = Blueprint("search", __name__)


@bp.get("", strict_slashes=False)
def page() -> ResponseReturnValue:
    """Show the search field, and the current result of the search whose key is in the address."""
    text = dict(session.get(SEARCHES, ())).get(request.args.get("search"), "")
    found = _look_for(text) if text else None
    return render_template("staff/search.html", text=text, found=found, is_lost="search" in request.args and not text)


def _look_for(text: str) -> search.SearchResult | None:
    """Search, and record it in the audit log."""
    begin_write()
    found = search.find(text, place_in_query())
    if found:
        audit_log.record(required_staff().staff_id, AuditAction.SEARCH, detail=f"{'+'.join(found.kinds)} {found.hits}")
    db.session.commit()
    return found


@bp.post("/search")
def ask() -> ResponseReturnValue:
    """Store the query in this browser, and redirect to the result."""
    text = search.clean_query(request.form.get("q"))
    if not text:
        return redirect(url_for("staff.search.page"), 303)
    key = secrets.token_urlsafe(KEY_BYTES)
    # Store pairs, not a mapping: the cookie sorts a mapping's keys, so the oldest query could not be found.
    session[SEARCHES] = [*session.get(SEARCHES, ()), (key, text)][-MAX_SEARCHES:]
    return redirect(url_for("staff.search.page", search=key), 303)

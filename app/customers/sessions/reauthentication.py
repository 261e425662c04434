"""Recent confirmation: who is logged in proves once more that they are the customer, before what cannot be undone.

A session may be ten hours old, or somebody else may sit at the keyboard (ASVS 7.5.1). So a password, a mailed link or a
confirmation in the Vipps app opens a window of ten minutes, and `required` lets a view run only inside it. A plain
Vipps login opens none: a browser that Vipps remembers logs in without asking anybody.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.models import Customer, CustomerSession, LoginMethod
from app.customers.sessions.session_cookie import current_session, login_required, rotate_session
from app.database import utcnow
from app.logging import log

WINDOW = timedelta(minutes=10)

View = Callable[..., ResponseReturnValue]


def is_recent(session: CustomerSession | None) -> bool:
    """Tell whether a session was confirmed within the window."""
    return session is not None and session.confirmed_at is not None and session.confirmed_at > utcnow() - WINDOW


def record_reauthentication(customer: Customer, method: LoginMethod) -> str | None:
    """Open the window for this browser's session; returns its new token for `set_session_cookie`. The caller commits.

    The token is renewed, since more is allowed with it from here on (ASVS 7.2.4).
    """
    row = current_session()
    if row is None:
        return None
    row.confirmed_at = utcnow()
    account_activity.record(customer, Kind.CONFIRMED, method=method)
    log.info("confirmed", customer=customer.id, method=method)
    return rotate_session()


def required(view: View) -> View:
    """Lead who has not confirmed lately through the confirmation page, and from there to this view's page.

    A form that was sent is not sent again: the view has a page of its own under the same address.
    """

    @wraps(view)
    @login_required
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if is_recent(current_session()):
            return view(*args, **kwargs)
        return redirect(url_for("confirm.page", next=request.path), 303)

    return guarded

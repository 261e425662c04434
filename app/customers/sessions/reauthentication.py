"""Require re-authentication: the customer proves again who they are before an irreversible action.

A session may be ten hours old, or another person may use the browser (ASVS 7.5.1). So a password, an emailed link or a
confirmation in the Vipps app opens a window of ten minutes, and `required` lets a view run only inside it. A plain
Vipps login opens none: a browser that Vipps remembers logs in without asking the person.

One exception: on Vipps' basic plan, an account with neither a password nor a confirmed address has no stronger proof
than a new login of the same Vipps user (NIST SP 800-63B-4, binding an additional authenticator: at the highest level
that the account has). An attacker with a stolen session cannot make that login.
"""

from datetime import timedelta
from functools import wraps
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.customers import account_activity
from app.customers.models import Customer, CustomerSession, Kind, LoginMethod
from app.customers.sessions.session_cookie import View, current_session, login_required, rotate_session
from app.database import utcnow
from app.logging import log
from app.settings import settings_of_app

WINDOW = timedelta(minutes=10)


def is_recent(session: CustomerSession | None) -> bool:
    """Tell whether the customer re-authenticated in this session within the window."""
    return session is not None and session.confirmed_at is not None and session.confirmed_at > utcnow() - WINDOW


def has_proof_without_vipps(customer: Customer) -> bool:
    """Tell whether a customer can re-authenticate without Vipps: by password, or by a link to a confirmed address."""
    has_address = customer.email is not None and customer.email_verified_at is not None
    return customer.has_password or (settings_of_app().passwords and has_address)


def record_reauthentication(customer: Customer, method: LoginMethod) -> str | None:
    """Open the window for this browser's session; return its new token, because it now allows more (ASVS 7.2.4)."""
    row = current_session()
    if row is None:
        return None
    row.confirmed_at = utcnow()
    account_activity.record(customer, Kind.CONFIRMED, method=method)
    log.info("confirmed", customer=customer.id, method=method)
    return rotate_session()


def required(view: View) -> View:
    """Redirect a customer without recent re-authentication to re-authenticate, and then to this view's page."""

    @wraps(view)
    @login_required
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if is_recent(current_session()):
            return view(*args, **kwargs)
        return redirect(url_for("confirm.page", next=request.path), 303)

    return guarded

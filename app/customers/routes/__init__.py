"""The pages of the accounts: log in and out, register, passwords, my page."""

from flask import redirect
from werkzeug.wrappers import Response

from app.customers.models import Customer, LoginEvent
from app.customers.sessions import set_session_cookie, start_session
from app.database import db
from app.observability import log, reference


def let_in(customer: Customer, method: str, target: str) -> Response:
    """Log the customer in, note it in their history, commit, and go to a path of this site."""
    token = start_session(customer, method)
    db.session.add(LoginEvent(customer_id=customer.id, method=method, reasons=[], reference=reference()))
    customer_id = customer.id
    db.session.commit()
    log.info("logged_in", method=method, customer=customer_id)
    response = redirect(target, 303)
    set_session_cookie(response, token)
    return response

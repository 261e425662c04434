"""Send the emails about an account, in the customer's language, for example after a change of a login method.

No email contains a name or another text from a form: an attacker who registers with a victim's address must not be able
to send the victim a text of their own. Links are built from `PUBLIC_URL`, never from the request's Host header, which
the sender controls (ASVS 6.3.7). An email's kind is the name of its template in `templates/mail`.
"""

from typing import Any

from flask import render_template, url_for
from flask_babel import force_locale

from app import mail
from app.customers.models import Customer
from app.settings import settings_of_app
from app.text_tables import branded, text_table

SUBJECTS = text_table("customers", "email_subjects")
# Anyone who knows an address can cause these emails, so they are limited. The others inform the owner and are not.
ON_REQUEST = frozenset(
    {"confirm_address", "already_registered", "reset_password", "prove_ownership", "change_email", "address_in_use"}
)


def send(
    customer: Customer, kind: str, *, to: str | None = None, headers: dict[str, str] | None = None, **context: object
) -> bool:
    """Send an email to a customer, or to another address of theirs; `context` is for the template.

    Return False without sending if there is no address, or if it has reached the limit of an `ON_REQUEST` email.
    """
    address = to or customer.email
    if address is None:
        return False
    facts = {"has_password": customer.has_password, "is_confirmed": customer.email_verified_at is not None}
    with force_locale(customer.locale):
        body = render_template(f"mail/{kind}.txt", link=_link, **facts, **context)
        return mail.send(address, branded(SUBJECTS[kind]), body, kind, headers, limited=kind in ON_REQUEST)


def _link(endpoint: str, **values: Any) -> str:
    """Return the link to a page, for the templates."""
    return settings_of_app().public_url + url_for(endpoint, _external=False, **values)

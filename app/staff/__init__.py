"""The back office: staff look up customers, consents, decisions and deliveries, and each look is written down.

It stands on top of everything and nothing stands on it: `staff -> shop -> customers -> vipps`. Staff are no customers,
by table, cookie and login; see `models` and `sessions`.

accounts, session_rows, sessions   who works here, and is logged in
search, dossier, lists             what they look for and find
looks                              what they looked at
export                             the audience of a channel as a file
reports                            what the reference numbers of error pages stand for
"""

from flask import Flask

from app.customers.accounts.phone_number import readable
from app.customers.accounts.postal_address import from_parts
from app.customers.activity.descriptions import describe_decision, describe_reasons
from app.staff import models as models
from app.staff import privacy, reports
from app.staff.commands import create_staff, disable_staff
from app.staff.labels import cause, in_words, shown_to_customer
from app.staff.routes import bp
from app.staff.sessions import current_staff


def init_app(app: Flask) -> None:
    """Wire the back office into the app."""
    app.register_blueprint(bp)
    app.add_template_global(current_staff)
    for each in (in_words, shown_to_customer, cause, describe_decision, describe_reasons):
        app.add_template_filter(each)
    app.add_template_filter(readable, "phone")
    app.add_template_filter(from_parts, "as_address")
    for command in (create_staff, disable_staff):
        app.cli.add_command(command)
    reports.init_app(app)
    privacy.init_app(app)

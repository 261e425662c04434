"""The back office: staff look up customers, consents, decisions and deliveries, and the audit log records each access.

It imports the rest of the shop, and the shop imports nothing of it: `staff -> shop -> customers -> vipps`. Staff and
customers have separate tables, cookies and logins; see `models` and `sessions`.
"""

from flask import Flask

from app.customers.account_activity import describe_decision, describe_reasons
from app.customers.accounts.phone_number import readable
from app.customers.accounts.postal_address import from_parts
from app.customers.privacy import data_sources
from app.staff import models as models
from app.staff import privacy, reports
from app.staff.commands import create_staff, disable_staff, disconnect_vipps, reconnect_vipps
from app.staff.labels import cause, in_words, shown_to_customer
from app.staff.routes import bp
from app.staff.sessions import current_staff


def init_app(app: Flask) -> None:
    """Register the back office in the app."""
    app.register_blueprint(bp)
    app.add_template_global(current_staff)
    for each in (in_words, shown_to_customer, cause, describe_decision, describe_reasons):
        app.add_template_filter(each)
    app.add_template_filter(readable, "phone")
    app.add_template_filter(from_parts, "as_address")
    for command in (create_staff, disable_staff, disconnect_vipps, reconnect_vipps):
        app.cli.add_command(command)
    reports.init_app(app)
    data_sources.register(app, *privacy.SOURCES)

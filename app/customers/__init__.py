"""Customers: accounts, passwords, sessions, Vipps links, profile, consents, privacy and the activity log.

Each feature is a folder. `routes` turns the features' outcomes into pages, and `lookup` finds and locks customers.
The features import each other without cycles: `linking` uses the others, and none of them uses `linking`. This package
does not import the shop; the shop listens to `session_cookie.customer_logged_in`.
"""

from flask import Flask

from app.customers import routes
from app.customers.account_activity import describe_activity, login_method
from app.customers.accounts.postal_address import label_lines
from app.customers.consents.consent_prompt import questions
from app.customers.privacy import account_data, data_sources
from app.customers.privacy.retention import format_period
from app.customers.sessions import session_cookie
from app.customers.user_agent import device


def init_app(app: Flask) -> None:
    """Wire the accounts into the app."""
    session_cookie.init_app(app)
    data_sources.register(app, *account_data.SOURCES)
    for each in (label_lines, device, describe_activity, login_method, format_period):
        app.add_template_filter(each)
    app.add_template_global(questions, "consent_questions")
    for blueprint in routes.BLUEPRINTS:
        app.register_blueprint(blueprint)

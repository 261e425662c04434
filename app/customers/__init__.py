"""Accounts: how a person comes to have one, proves that it is theirs, logs in and out, and sees what is kept.

`accounts` has the rules and imports no Flask; `routes` turns their outcomes into pages. `sessions` says who is
logged in, and `profile` what Vipps told us about them. Nothing here knows the shop; it listens to
`sessions.customer_logged_in` where it needs to.
"""

from flask import Flask

from app.customers import sessions
from app.customers.routes import account, login, password, register


def init_app(app: Flask) -> None:
    """Wire the accounts into the app."""
    sessions.init_app(app)
    for pages in (login, register, password, account):
        app.register_blueprint(pages.bp)

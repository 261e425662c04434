"""The pages of the accounts: log in and out, register, passwords, my page, what Vipps may do here.

They are listed here and not in `app.customers`, where a page's module would hide the rules of the same name.
"""

from flask import abort, request

from app.customers.routes import (
    account,
    activity,
    confirm,
    consents,
    delete,
    email,
    export,
    login,
    password,
    profile,
    register,
    sessions,
    unsubscribe,
    vipps,
)
from app.settings import settings_of_app

MODULES = (
    *(login, register, password, account, activity, confirm, consents),
    *(delete, email, export, profile, sessions, unsubscribe, vipps),
)
BLUEPRINTS = tuple(module.bp for module in MODULES)
PASSWORD_ROUTES = frozenset({"login.password", "login.password_page", "confirm.by_password"})


def _refuse_without_consents() -> None:
    """Answer 404 for the pages about marketing consents in a shop without them (`VIPPS_CONSENT_SCOPE=none`).

    The link in an old email stays: a customer can always withdraw a consent (GDPR, article 7(3)).
    """
    if not settings_of_app().consents:
        abort(404)


def _refuse_password_routes() -> None:
    """Answer 404 for every page about passwords in a shop without them (`PASSWORDS=0`)."""
    if settings_of_app().passwords:
        return
    if request.blueprint in (register.bp.name, password.bp.name) or request.endpoint in PASSWORD_ROUTES:
        abort(404)


for each in (register.bp, password.bp, login.bp, confirm.bp):
    each.before_request(_refuse_password_routes)
consents.bp.before_request(_refuse_without_consents)

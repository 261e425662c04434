"""The pages of the accounts: log in and out, register, passwords, the account page, linking Vipps.

They are imported here and not in `app.customers`, where a page's module would hide a package with the same name.
"""

from flask import abort, request

from app.customers.routes import account, confirm, consents, email, login, password, privacy, profile, register, vipps
from app.settings import settings_of_app

BLUEPRINTS = (
    *(login.bp, register.bp, password.bp, account.bp, confirm.bp, consents.bp),
    *(privacy.bp, email.bp, profile.bp, consents.unsubscribe_bp, vipps.bp),
)
PASSWORD_ROUTES = frozenset({"login.password", "login.password_page", "confirm.by_password"})


def _refuse_without_consents() -> None:
    """Answer 404 for the pages about marketing consents in a shop without them (`VIPPS_CONSENT_SCOPE=none`).

    The link in an old email stays: a customer can always withdraw a consent (GDPR, article 7(3)).
    """
    if not settings_of_app().consents:
        abort(404)


def _refuse_password_routes() -> None:
    """Answer 404 for every page about passwords in a shop without them (`PASSWORDS=0`)."""
    is_about_passwords = request.blueprint in ("register", "password") or request.endpoint in PASSWORD_ROUTES
    if is_about_passwords and not settings_of_app().passwords:
        abort(404)


for each in (register.bp, password.bp, login.bp, confirm.bp):
    each.before_request(_refuse_password_routes)
consents.bp.before_request(_refuse_without_consents)

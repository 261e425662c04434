"""The purposes of a login. They share one callback; the purpose is in the attempt, never in the URL."""

from enum import StrEnum


class LoginPurpose(StrEnum):
    """Why the shop sends a browser to Vipps."""

    LOG_IN = "log_in"
    """Log in, and create an account if there is none."""
    MEMBERS = "members"
    """Log in to an existing account; create none."""
    CONNECT = "connect"
    """Link the Vipps user to the account that is logged in here."""
    REFRESH = "refresh"
    """Get the current profile of the customer who is logged in here."""
    CONFIRM = "confirm"
    """Re-authenticate the customer who is logged in here, in the app."""
    CONFIRM_BY_LOGIN = "confirm_by_login"
    """Re-authenticate a customer who has no other proof: in the app where the plan allows it, else by the login."""
    PROVE = "prove"
    """Finish linking in another browser, after an emailed link has proved the account."""


CONFIRMATIONS = frozenset({LoginPurpose.CONFIRM, LoginPurpose.CONFIRM_BY_LOGIN})

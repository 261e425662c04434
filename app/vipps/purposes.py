"""What a login is for. There is one callback for all of them; the purpose is in the attempt, never in the URL."""

from enum import StrEnum


class Purpose(StrEnum):
    """Why a browser was sent to Vipps."""

    LOG_IN = "log_in"
    """Log in, and make an account if there is none."""
    MEMBERS = "members"
    """Log in to an account that exists; make none."""
    CONNECT = "connect"
    """Connect the Vipps user to the account that is logged in here."""
    REFRESH = "refresh"
    """Ask what Vipps knows today about who is logged in here."""
    CONFIRM = "confirm"
    """Have who is logged in here confirm in the app that it is they."""
    PROVE = "prove"
    """Finish, in another browser, a connection whose account was proved by a mailed link."""

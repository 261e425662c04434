"""The cookie of a visitor's world: the world's name with a signature.

The simulator has the name in its addresses, so a screenshot or a shared link tells it. Only the signature opens the
world.
"""

from itsdangerous import BadSignature, Signer

from app.settings import Settings

COOKIE = "world"


def cookie_of(settings: Settings, world: str) -> str:
    """Return the cookie's value for a world."""
    return _signer(settings).sign(world).decode()


def world_in(settings: Settings, cookie: str) -> str:
    """Return the name of the world in a cookie's value; empty if this server did not sign it."""
    try:
        return _signer(settings).unsign(cookie).decode()
    except BadSignature:
        return ""


def _signer(settings: Settings) -> Signer:
    return Signer(settings.signing_keys, salt="world")

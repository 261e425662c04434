"""Is this shop ready to take logins? Every question that can be answered by looking, asked now.

`own` looks at the shop itself: settings, database, mail. `vipps` talks to Vipps, in the way that a login does and with
the same code. Each question is a function that returns a `Finding`; `examine` asks them all, and one that fails to find
out says so and stops no other. `flask doctor` prints the findings, and ends with 1 if something has to be mended.

Nothing is changed by asking, nothing is logged in, and no finding contains a secret.
"""

from collections.abc import Callable, Sequence

from app.doctor import own, vipps
from app.doctor.findings import Finding, Level

__all__ = ["QUESTIONS", "Finding", "Level", "examine"]

QUESTIONS: Sequence[Callable[[], Finding]] = (
    own.environment,
    own.https,
    own.redirect_uri,
    own.cookies,
    own.secret_key,
    own.database,
    own.migrations,
    own.mail,
    own.limits,
    own.proxies,
    own.webhook,
    vipps.discovery,
    vipps.keys,
    vipps.clock,
    vipps.scopes,
    vipps.authorization_request,
    vipps.client_authentication,
)


def examine() -> list[Finding]:
    """Ask every question, and return what was found."""
    return [_asked(question) for question in QUESTIONS]


def _asked(question: Callable[[], Finding]) -> Finding:
    try:
        return question()
    except Exception as error:  # whatever it is, it is a finding
        return Finding(
            question.__name__, question.__name__, Level.FAILED, f"Could not find out: {type(error).__name__}."
        )

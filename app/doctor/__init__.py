"""Check whether this shop is ready to take logins.

`own` checks the shop itself: settings, database, email. `vipps` checks the connection to Vipps with the code of a real
login. Each check is a function with the decorator `check`, which adds it to `CHECKS`; `examine` runs them all, and a
check that raises becomes a finding and stops no other. `flask doctor` prints the findings and exits with 1 if one of
them has failed.

A check changes no data, logs in no customer, and puts no secret into its finding.
"""

from collections.abc import Callable

from app.doctor import own, vipps
from app.doctor.findings import CHECKS, Finding, Level

__all__ = ["CHECKS", "Finding", "Level", "examine", "own", "vipps"]


def examine() -> list[Finding]:
    """Run every check and return the findings."""
    return [_run(check) for check in CHECKS]


def _run(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # every fault of a check is a finding
        return Finding(check.__name__, check.__name__, Level.FAILED, f"Could not find out: {type(error).__name__}.")

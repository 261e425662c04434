"""Check whether this shop is ready to take logins.

`own` checks the shop itself: settings, database, email. `vipps` checks the connection to Vipps with the code of a real
login. Each check is a function with the decorator `check`; `examine` runs them all, and a check that raises becomes a
finding and stops no other. `flask doctor` prints the findings and exits with 1 if one of them has failed.

A check changes no data, logs in no customer, and puts no secret into its finding.
"""

from collections.abc import Callable, Sequence

from flask import Flask, current_app

from app.doctor import own, vipps
from app.doctor.findings import Finding, Level

__all__ = ["CHECKS", "Finding", "Level", "add_check", "examine"]

ADDED = "doctor_checks"
CHECKS: Sequence[Callable[[], Finding]] = (
    own.settings,
    own.environment,
    own.https,
    own.redirect_uri,
    own.sales_unit,
    own.cookies,
    own.secret_key,
    own.database,
    own.migrations,
    own.stand_ins,
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
    vipps.counter,
)


def add_check(app: Flask, check: Callable[[], Finding]) -> None:
    """Let a part that the shop does not know add a check."""
    app.extensions.setdefault(ADDED, []).append(check)


def examine() -> list[Finding]:
    """Run every check and return the findings."""
    return [_run(check) for check in (*CHECKS, *current_app.extensions.get(ADDED, ()))]


def _run(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # every fault of a check is a finding
        return Finding(check.__name__, check.__name__, Level.FAILED, f"Could not find out: {type(error).__name__}.")

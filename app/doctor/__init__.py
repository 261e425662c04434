"""Check whether this shop is ready to take logins.

`own` checks the shop itself: settings, database, email. `vipps` checks the connection to Vipps with the code of a real
login. Each check is a function with the decorator `check`, which adds it to `DOCTOR_CHECKS`. `examine` runs them all.
A check that raises becomes a finding and stops no other. `flask doctor` prints the findings and exits with 1 if one of
them has failed.

A check changes no data, logs in no customer, and puts no secret into its finding.
"""

import json
from collections.abc import Callable
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.doctor import own, vipps
from app.doctor.findings import DOCTOR_CHECKS, Finding, Level

__all__ = ["DOCTOR_CHECKS", "Finding", "Level", "command", "examine", "own", "vipps"]

MARKS = {
    Level.OK: ("✓", "green"),
    Level.WARNING: ("!", "yellow"),
    Level.FAILED: ("✗", "red"),
    Level.SKIPPED: ("–", None),
}


def examine() -> list[Finding]:
    """Run every check and return the findings."""
    return [_run(check) for check in DOCTOR_CHECKS]


def _run(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # every fault of a check is a finding
        return Finding(check.__name__, check.__name__, Level.FAILED, f"Could not find out: {type(error).__name__}.")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@with_appcontext
def command(as_json: bool) -> None:
    """Check whether this shop is ready to take logins; exits with 1 if a check has failed."""
    findings = examine()
    failed = sum(finding.level is Level.FAILED for finding in findings)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            _print(finding)
        click.echo(f"\n{failed} to be mended." if failed else "\nNothing has to be mended.")
    raise SystemExit(1 if failed else 0)


def _print(finding: Finding) -> None:
    mark, colour = MARKS[finding.level]
    click.echo(f"{click.style(mark, fg=colour)} {finding.title}: {finding.said}")
    if finding.advice and finding.level in (Level.WARNING, Level.FAILED):
        click.echo(f"  {finding.advice}")

"""`flask doctor`: the findings on a terminal, or as JSON for a machine."""

import json
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.doctor import Finding, Level, examine

MARKS = {
    Level.OK: ("✓", "green"),
    Level.WARNING: ("!", "yellow"),
    Level.FAILED: ("✗", "red"),
    Level.SKIPPED: ("–", None),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Check whether this shop is ready to take logins; exits with 1 if a check has failed."""
    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            _print(finding)
    failed = sum(finding.level is Level.FAILED for finding in findings)
    if not as_json:
        click.echo(f"\n{failed} to be mended." if failed else "\nNothing has to be mended.")
    raise SystemExit(1 if failed else 0)


def _print(finding: Finding) -> None:
    mark, colour = MARKS[finding.level]
    click.echo(f"{click.style(mark, fg=colour)} {finding.title}: {finding.said}")
    if finding.advice and finding.level in (Level.WARNING, Level.FAILED):
        click.echo(f"  {finding.advice}")

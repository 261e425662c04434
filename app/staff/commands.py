"""The commands of the back office: staff accounts, and the Vipps users of customers.

create-staff, disable-staff           create and disable a staff account
disconnect-vipps, reconnect-vipps     unlink a customer's Vipps user, and link another one
"""

import secrets
from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import force_locale

from app.customers.passwords import policy
from app.database import MAX_ID, begin_write, db
from app.forms import one_line
from app.staff import accounts, vipps_links
from app.staff.vipps_links import Done, Held, LinkChange, NotChanged
from app.text_tables import text_table
from app.vipps.values import normal_email

GENERATED_BYTES = 18
MAX_NAME = 200


@click.command("create-staff")
@click.argument("email")
@click.option("--name", required=True, help="The name in the audit log.")
@click.option("--generate", is_flag=True, help="Generate the password and print it, once.")
@with_appcontext
def create_staff(email: str, name: str, generate: bool) -> None:
    """Create a staff account, or re-enable a disabled one; ask for the password."""
    address, short_name = normal_email(email), one_line(name)[:MAX_NAME]
    if address is None or not short_name:
        raise click.ClickException("an email address and a name are needed")
    password = secrets.token_urlsafe(GENERATED_BYTES) if generate else _prompt(address)
    if accounts.create(address, short_name, password) is None:
        raise click.ClickException("there is such an account; disable it first to give it a new password")
    db.session.commit()
    click.echo(f"The staff account is ready.{f' Its password: {password}' if generate else ''}")


@click.command("disable-staff")
@click.argument("email")
@with_appcontext
def disable_staff(email: str) -> None:
    """Disable a staff account and end all its sessions."""
    begin_write()
    staff = accounts.find(normal_email(email) or "")
    if staff is None:
        raise click.ClickException("no staff account has this email address")
    accounts.disable(staff)
    db.session.commit()
    click.echo("The staff account is disabled.")


NUMBER = click.IntRange(1, MAX_ID)


def _about_a_customer(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments of both commands: the customer's number, and the staff member and reason for the audit log."""
    checks, reasons = (click.Choice(list(text_table("staff", name))) for name in ("identity_checks", "change_reasons"))
    for add in (
        click.option("--check", type=checks, required=True, help="How you checked identity."),
        click.option("--reason", type=reasons, required=True, help="Why; for the audit log."),
        click.option("--staff", "email", required=True, help="Your staff account's address; for the audit log."),
        click.argument("number", type=NUMBER),
    ):
        command = add(command)
    return command


@click.command("disconnect-vipps")
@_about_a_customer
@with_appcontext
def disconnect_vipps(number: int, email: str, reason: str, check: str) -> None:
    """Unlink the Vipps user of the customer with this NUMBER; sessions end, and the customer gets an email."""
    with current_app.test_request_context():  # for the links in the email
        _report(vipps_links.disconnect(_change(number, email, reason, check)))


@click.command("reconnect-vipps")
@_about_a_customer
@click.argument("subject")
@click.option("--move-from", type=NUMBER, help="The customer whose account this Vipps user opens now.")
@with_appcontext
def reconnect_vipps(number: int, subject: str, email: str, reason: str, check: str, move_from: int | None) -> None:
    """Link the Vipps user with this SUBJECT to the customer with this NUMBER, instead of the present one."""
    with current_app.test_request_context():
        _report(vipps_links.reconnect(_change(number, email, reason, check), subject, move_from))


def _change(number: int, email: str, reason: str, check: str) -> LinkChange:
    begin_write()
    staff = accounts.find(normal_email(email) or "")
    if staff is None or not accounts.is_open(staff):
        raise click.ClickException("no enabled staff account has this email address")
    return LinkChange(staff.id, number, reason, check)


def _report(outcome: Done | Held | NotChanged) -> None:
    match outcome:
        case Done(not_emailed, other):
            moved = f" The Vipps user opened customer {other} before, which has no Vipps user now." if other else ""
            click.echo(f"Done.{moved} Customers without an email address, to be called: {not_emailed or 'none'}.")
        case Held(other):
            raise click.ClickException(f"customer {other} has this Vipps user; to move it, add --move-from {other}")
        case NotChanged():
            raise click.ClickException(f"nothing was changed: {outcome.replace('_', ' ')}")


def _prompt(email: str) -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with force_locale("en"):
        if found := policy.problem(password, email):
            raise click.ClickException(str(found))
    return password

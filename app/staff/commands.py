"""The commands that create and disable staff accounts: `flask create-staff` and `flask disable-staff`."""

import secrets

import click
from flask.cli import with_appcontext
from flask_babel import force_locale

from app.customers.forms import WEAK
from app.customers.passwords import policy
from app.database import begin_write, db
from app.forms import one_line
from app.staff import accounts
from app.vipps.values import normal_email

GENERATED_BYTES = 18
MAX_NAME = 200


@click.command("create-staff")
@click.argument("email")
@click.option("--name", required=True, help="The name in the audit log.")
@click.option("--generate", is_flag=True, help="Generate the password and print it, once.")
@with_appcontext
def create_staff(email: str, name: str, generate: bool) -> None:
    """Create a staff account, or re-enable a disabled one; asks for the password."""
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


def _prompt(email: str) -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    found = policy.problem(password, email)
    if found is not None:
        with force_locale("en"):
            raise click.ClickException(str(WEAK[found]))
    return password

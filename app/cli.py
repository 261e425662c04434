"""Define the commands of `flask --app wsgi`.

`setup` creates or migrates the database; it is safe to repeat. `block` blocks an account and `unblock` unblocks it.
`retention` deletes expired data; run it once a day. `erase` erases a customer, after a restored backup brought back an
erased one. `consent-proofs` finds the consents of an erased customer. `doctor` checks whether the shop is ready for
logins.
"""

from datetime import datetime

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from app.customers.accounts import emails, registration
from app.customers.accounts.email_address import normal_email
from app.customers.models import Customer
from app.customers.privacy import erasure
from app.customers.privacy import retention as privacy_retention
from app.database import MAX_ID, begin_write, db, setup_lock, utcnow
from app.doctor.command import doctor
from app.logging import log
from app.settings import INSTANCE
from app.shop import carts


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (setup, block, unblock, erase, retention, consent_proofs, doctor):
        app.cli.add_command(command)


@click.command()
@with_appcontext
def setup() -> None:
    """Create or migrate the database, and delete abandoned carts; safe to repeat."""
    INSTANCE.mkdir(exist_ok=True)
    with setup_lock():
        upgrade()
        carts.delete_stale(db.session(), utcnow())
        db.session.commit()
    where = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=True)
    click.echo(f"The database is ready: {where}")


@click.command()
@click.argument("email")
@with_appcontext
def block(email: str) -> None:
    """Block the account with this email address, and end its sessions."""
    customer = _customer(email)
    registration.block(customer)
    emails.blocked(customer)
    db.session.commit()
    click.echo("The account is blocked.")


@click.command()
@click.argument("email")
@with_appcontext
def unblock(email: str) -> None:
    """Unblock a blocked account."""
    customer = _customer(email)
    registration.unblock(customer)
    emails.unblocked(customer)
    db.session.commit()
    click.echo("The account is open again.")


def _moment(_context: click.Context, _option: click.Parameter, given: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given) if given is not None else None
    except ValueError:
        raise click.BadParameter("not a timestamp of the log") from None
    if moment is not None and moment.tzinfo is None:
        raise click.BadParameter("it says no time zone; the log's ends with Z")
    return moment


@click.command()
@click.argument("number", type=click.IntRange(1, MAX_ID))
@click.option(
    "--deleted-at", metavar="TIMESTAMP", callback=_moment, help="Keep a customer who got the number after that."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def erase(number: int, deleted_at: datetime | None, yes: bool) -> None:
    """Erase the customer with this NUMBER, as if they had deleted their account; no email is sent."""
    customer = db.session.get(Customer, number)
    if customer is None:
        raise click.ClickException("no customer has this number")
    if deleted_at is not None and customer.created_at > deleted_at:
        raise click.ClickException("another customer has this number now, created after that")
    if not yes:
        since = f"{customer.created_at:%Y-%m-%d %H:%M}"
        click.confirm(f"Customer {number}, here since {since} UTC: erase them for good?", abort=True)
    begin_write()
    held = registration.hold(number)
    if held is None:
        raise click.ClickException("they have just deleted their account themselves")
    erasure.erase(held)
    db.session.commit()
    log.info("account_deleted", customer=number)
    click.echo(f"Customer {number} is erased.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count.")
@with_appcontext
def retention(dry_run: bool) -> None:
    """Delete expired data, one kind after the other; safe to repeat, also while the shop runs."""
    click.echo("Would be removed:" if dry_run else "Removed:")
    for kind, count in privacy_retention.run(utcnow(), dry_run=dry_run):
        click.echo(f"{count:7}  {kind}")


@click.command("consent-proofs")
@click.argument("who")
@with_appcontext
def consent_proofs(who: str) -> None:
    """Print the stored consents of an erased customer, by email address or Vipps subject."""
    found = erasure.proofs_about(who)
    for proof in found:
        answer = "yes" if proof.granted else "no"
        click.echo(f"{proof.effective_at:%Y-%m-%d %H:%M} UTC  {answer:3}  {proof.consent_id}: {proof.text}")
    click.echo(f"{len(found)} kept under a pseudonym of this name.")


def _customer(email: str) -> Customer:
    customer = registration.find_by_email(normal_email(email) or "")
    if customer is None:
        raise click.ClickException("no account has this email address")
    return customer

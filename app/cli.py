"""Define the commands of `flask --app wsgi`; `--help` lists and explains them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import alembic.command
import click
from alembic.util import CommandError
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.customers import account_emails, lookup
from app.customers.accounts import registration
from app.customers.models import Customer
from app.customers.privacy import erasure
from app.customers.privacy import retention as privacy_retention
from app.database import MAX_ID, begin_write, db, migrate, setup_lock, utcnow
from app.doctor import command as doctor
from app.logging import log
from app.mail_sender import send_mail
from app.settings import INSTANCE, ROOT
from app.shop import carts, product_import
from app.vipps.values import normal_email

SAMPLE_PRODUCTS = ROOT / "samples" / "products.json"
DEMO_DATA = "demo_data"


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (setup, load_products, block, unblock, erase, retention, consent_proofs, doctor, send_mail):
        app.cli.add_command(command)


def add_demo_data(app: Flask, load: Callable[[Session], None]) -> None:
    """Let `setup --demo` call one more function that adds rows."""
    app.extensions.setdefault(DEMO_DATA, []).append(load)


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Also load the sample products, and in the demo its accounts.")
@with_appcontext
def setup(with_demo: bool) -> None:
    """Create or migrate the database, and delete abandoned carts; safe to repeat."""
    INSTANCE.mkdir(exist_ok=True)
    set_up(with_demo)
    where = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=True)
    click.echo(f"The database is ready: {where}")
    if with_demo:
        click.echo("The demo data is loaded.")


def set_up(with_demo: bool) -> None:
    """Run the steps of the command `setup` in the app's database."""
    with setup_lock():
        try:
            alembic.command.upgrade(migrate.get_config(), "head")
        except CommandError as error:
            more = " Merge them: flask --app wsgi db merge -m upstream heads" if "Multiple head" in str(error) else ""
            raise click.ClickException(f"{error}.{more}") from None
        carts.delete_stale(db.session(), utcnow())
        if with_demo:
            product_import.load(db.session(), SAMPLE_PRODUCTS)
            for load in current_app.extensions.get(DEMO_DATA, ()):
                load(db.session())
        db.session.commit()


@click.command("load-products")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_appcontext
def load_products(file: Path) -> None:
    """Add or update the categories and products of a JSON FILE; safe to repeat.

    samples/products.json shows the format. A product needs slug, category, price, stock and an English name; the rest
    can be missing. Names, texts, prices, pictures and order follow the file. The stock of a product that is there
    already does not change, and a product that is missing in the file stays.
    """
    with setup_lock():
        try:
            count = product_import.load(db.session(), file)
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise click.ClickException(f"{file}: {type(error).__name__}: {error}") from None
        db.session.commit()
    click.echo(f"{count} products are loaded.")


@click.command()
@click.argument("email")
@with_appcontext
def block(email: str) -> None:
    """Block the account with this email address, and end its sessions."""
    customer = _customer(email)
    registration.block(customer)
    account_emails.send(customer, "blocked")
    db.session.commit()
    click.echo("The account is blocked.")


@click.command()
@click.argument("email")
@with_appcontext
def unblock(email: str) -> None:
    """Unblock a blocked account."""
    customer = _customer(email)
    registration.unblock(customer)
    account_emails.send(customer, "unblocked")
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
    held = lookup.lock_customer(number)
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
    customer = lookup.find_by_email(normal_email(email) or "")
    if customer is None:
        raise click.ClickException("no account has this email address")
    return customer

"""`flask --app wsgi setup`: create or migrate the database, and load the demo's data; safe to repeat."""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from app.customers import seed as customers_seed
from app.database import db, utcnow
from app.settings import INSTANCE
from app.shop import carts
from app.shop import seed as shop_seed


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(setup)


@click.command()
@click.option("--demo", is_flag=True, help="Also load the demo's products and customers.")
@with_appcontext
def setup(demo: bool) -> None:
    """Create or migrate the database, and forget the carts that nobody came back for; safe to repeat."""
    INSTANCE.mkdir(exist_ok=True)
    upgrade()
    carts.delete_stale(db.session(), utcnow())
    if demo:
        shop_seed.load_demo(db.session())
        customers_seed.load_demo(db.session())
    db.session.commit()
    where = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=True)
    click.echo(f"The database is ready{', with the demo data' if demo else ''}: {where}")

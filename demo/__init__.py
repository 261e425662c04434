"""The stage: what makes a demonstration of this shop, beside the guide and the simulator.

It loads the demo's data, shows whom a visitor can be, brings in the guide, serves the simulator beside it, and can
write a fork without all of this (`forking`). The shop knows of it only in the few regions marked `stage: begin` and
`stage: end`, and is whole without them. Removing no more than `app/guide` and `simulator` works as well: then there
is no guide, and Vipps has to be somewhere else.
"""

from importlib import import_module
from importlib.util import find_spec

import click
from flask import Flask
from flask.cli import with_appcontext

from app import cli
from app.database import db, setup_lock
from app.settings import Settings
from demo import routes, scenarios, staff
from demo.fork import fork
from samples import customers, products


def init_app(app: Flask, settings: Settings) -> None:
    """Add the demo's page and commands, and in the demo its hints and the guide, if it was not removed."""
    app.register_blueprint(routes.bp)
    for command in (setup, fork):
        app.cli.add_command(command)
    if settings.in_demo:
        app.jinja_env.globals.update(
            demo_scenarios=scenarios.SCENARIOS,
            demo_password=customers.PASSWORD,
            demo_staff={"email": staff.DEMO_EMAIL, "password": staff.DEMO_PASSWORD},
        )
    if find_spec("app.guide"):
        import_module("app.guide").init_app(app, is_shown=settings.in_demo)


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Also load the demo's products and customers.")
@with_appcontext
@click.pass_context
def setup(context: click.Context, with_demo: bool) -> None:
    """Create or migrate the database, and forget the carts that nobody came back for; safe to repeat."""
    context.invoke(cli.setup)
    if with_demo:
        with setup_lock():
            products.load(db.session())
            customers.load(db.session())
            staff.load(db.session())
            db.session.commit()
        click.echo("The demo data is loaded.")

"""The demonstration of this shop: pages, hints and sample accounts that show every login, and `flask fork`.

The shop does not import this package. `create_app` calls `init_app` if the package is there; templates of the shop
include `demo/<slot>.html` and ignore a missing one. So a fork leaves this folder out and keeps the shop's
code as it is.
"""

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

from app import cli, i18n, log_events
from app.customers.passwords import hashing
from app.settings import ROOT, VERSION, Settings
from app.staff import accounts as staff_accounts
from demo import checks as checks  # it adds its check to the doctor's
from demo import classroom, routes, scenarios, simulator, staff, worlds
from demo.fork import fork as fork_command
from samples import customers


def init_app(app: Flask, settings: Settings) -> None:
    """Add the demo's pages, texts, data and commands; show its hints and the guide in the demo only."""
    log_events.EVENTS.update(log_events.read(ROOT / "demo" / "log_events.toml"))  # the log keeps listed events only
    i18n.add_translations(app, ROOT / "demo" / "translations")
    app.register_blueprint(routes.bp)
    app.cli.add_command(fork_command)
    app.cli.add_command(classroom.workshop)
    for load in (customers.load, staff.load):
        cli.add_demo_data(app, load)
    staff_accounts.close_when(app, staff.is_closed)
    if not settings.in_demo:
        hashing.refuse_published(app, customers.PASSWORD, staff.DEMO_PASSWORD)
    else:
        classroom.size_limits(app)
        app.jinja_env.globals.update(
            shop_version=VERSION,
            demo_scenarios=scenarios.groups(passwords=settings.passwords),
            demo_password=customers.PASSWORD,
            demo_staff={"email": staff.DEMO_EMAIL, "password": staff.DEMO_PASSWORD},
        )
    if find_spec("app.guide"):
        if settings.in_demo:
            import_module("demo.missions.routes").init_app(app)
            import_module("demo.tour").init_app(app)
        import_module("app.guide").init_app(app, is_shown=settings.in_demo)
        if settings.in_demo:
            import_module("demo.error_playground").init_app(app)
            app.register_blueprint(import_module("demo.decoder").bp)
            app.register_blueprint(import_module("demo.teaching").bp)
    if settings.in_demo and settings.simulated:
        app.after_request(simulator.propose_person)  # the last that is registered runs first, before the inspector
        app.after_request(simulator.keep_language)
    if settings.demo_worlds:
        worlds.install(app, settings, import_module("app").create_app)

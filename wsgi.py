"""The apps that a server runs: `wsgi:app` is the shop, `wsgi:simulator` is Vipps Login, simulated.

`python wsgi.py` serves the shop for development, with the simulator beside it unless `VIPPS_ENVIRONMENT` names another.
Each app is built at its first access, so that serving one does not build the other, and so that a wrong setting ends
with a message instead of a traceback.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from app.settings import INSTANCE, Settings, SettingsError, kept_secret, load

CONTROL_TOKEN = "simulator_control_token"  # noqa: S105 - the name of a file


def __getattr__(name: str) -> Any:
    """Build an app at the first access."""
    builders = {"app": build_shop, "simulator": build_simulator}
    if name not in builders:
        raise AttributeError(name)
    settings = settings_or_exit()
    try:
        globals()[name] = builders[name](settings)
    except AttributeError as error:
        # Flask and gunicorn would take it for a module without this name, and not show it.
        raise RuntimeError(f"{name} could not be built: {error}") from error
    return globals()[name]


def settings_or_exit() -> Settings:
    """Read the environment; end with one line per mistake if it cannot be used."""
    try:
        return load()
    except SettingsError as error:
        print("The settings cannot be used:", *str(error).splitlines(), sep="\n  ", file=sys.stderr)
        raise SystemExit(3) from None  # gunicorn does not restart a worker that ends with 3


def build_shop(settings: Settings) -> Any:
    """Build the shop."""
    from app import create_app

    return create_app(settings)


def build_simulator(settings: Settings) -> Any:
    """Build the simulator, with this shop as one of its merchants; end with a message if it was removed."""
    if not find_spec("simulator"):
        print(
            "There is no simulator here: its folder was removed. Set VIPPS_ENVIRONMENT to test or production,\n"
            "or serve the simulator of another copy at SIMULATOR_URL.",
            file=sys.stderr,
        )
        raise SystemExit(3)
    from app import about
    from simulator import create_simulator
    from simulator.config import MerchantConfig, SimulatorConfig

    INSTANCE.mkdir(exist_ok=True)
    origin = "/".join(settings.simulator_url.split("/")[:3])  # of SIMULATOR_URL with a world, the default world's
    shop = MerchantConfig(
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        name=about.NAME,
        redirect_uris=(settings.redirect_uri,),
        auth_method=settings.vipps_client_auth_method,
        msn=settings.vipps_merchant_serial_number or "123456",
        webhook_url=settings.webhook_url(settings.webhook_token),
        account_url=f"{settings.public_url}/account",
        terms_url=f"{settings.public_url}/terms",
        privacy_url=f"{settings.public_url}/privacy",
        plan="advanced",  # this plan lets the shop ask for confirmation in the app
        person_groups=person_groups(settings),
    )
    config = SimulatorConfig(
        public_url=origin,
        database_url=f"sqlite:///{INSTANCE / 'simulator.sqlite'}",
        secret_key=kept_secret(INSTANCE / "simulator_key"),
        merchants=(shop,),
        worlds_folder=INSTANCE / "worlds",
        merchant_in_world=partial(merchant_in_world, settings),
        control_token=kept_secret(INSTANCE / CONTROL_TOKEN),
    )
    if not config.is_local:
        print(
            f"The simulator at {config.public_url} is for test data, not for the open internet: any visitor can use\n"
            f"its pages. Its control API needs the token in {INSTANCE.name}/{CONTROL_TOKEN}.",
            file=sys.stderr,
        )
    return create_simulator(config)


def merchant_in_world(settings: Settings, merchant: Any, name: str) -> Any:
    """Return a merchant as the simulator's world of this name has it: a visitor's shop has a webhook of its own."""
    if not settings.demo_worlds or merchant.client_id != settings.client_id:
        return merchant
    token = import_module("demo.worlds").webhook_token(settings, name)
    return replace(merchant, webhook_url=settings.webhook_url(token))


def person_groups(settings: Settings) -> Any:
    """Return what will happen to which test person in this shop; only the demo knows."""
    if not settings.in_demo or not find_spec("demo"):
        return ()
    return import_module("demo.scenarios").person_groups(settings)


def main(settings: Settings) -> None:
    """Serve for development: Flask's debug mode, which `create_app` keeps to this machine, shows what goes wrong."""
    from werkzeug.serving import is_running_from_reloader

    from app.dev_server import serve, serve_both

    os.environ["FLASK_DEBUG"] = "1"
    says = f"  The shop is ready:      {settings.public_url}\n"
    if settings.simulated:
        says += f"  It logs customers in at {settings.simulator_url}, the simulator of Vipps Login.\n"
    if settings.demo_worlds:
        address = import_module("demo.workshop").teacher_address(settings, INSTANCE)
        says += f"  The teacher of a workshop opens {address}\n"
    says += "  Press Ctrl+C to stop.\n"
    shop = partial(serve, lambda: __getattr__("app"), settings.public_url, says)
    if sys.argv[1:] == ["simulator"]:
        serve(lambda: __getattr__("simulator"), settings.simulator_url)
    elif settings.simulated and not is_running_from_reloader():
        command = [sys.executable, __file__, "simulator"]
        serve_both(settings, shop, command)
    else:
        shop()


if __name__ == "__main__":
    main(settings_or_exit())

"""The apps that a server runs: `wsgi:app` is the shop, `wsgi:simulator` is Vipps Login, simulated.

`python wsgi.py` serves the shop for development, with the simulator beside it unless `VIPPS_ENVIRONMENT` names another.
Each app is built at its first access, so that serving one does not build the other, and so that a wrong setting ends
with a message instead of a traceback.
"""

import os
import re
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from app.settings import INSTANCE, LOCAL_HOSTS, Settings, SettingsError, kept_secret, load

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
        # Flask and gunicorn would report only that the module lacks this name, and hide the error.
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


def build_simulator(settings: Settings, shop_at: str = "") -> Any:
    """Build the simulator, with this shop as one of its merchants; end with a message if it was removed.

    `shop_at` is the origin at which this machine reaches the shop, if a tunnel asks for a login at the public one.
    """
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
        webhook_url=settings.webhook_url(settings.webhook_token).replace(settings.public_url, shop_at, bool(shop_at)),
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
        may_make_world=partial(may_make_world, settings),
        keeps_world=partial(keeps_world, settings),
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
    """Return the merchant for a world of the simulator: each visitor's shop has its own webhook address."""
    if not settings.demo_worlds or merchant.client_id != settings.client_id:
        return merchant
    token = import_module("demo.worlds").webhook_token(settings, name)
    return replace(merchant, webhook_url=settings.webhook_url(token))


def may_make_world(settings: Settings, name: str) -> bool:
    """Tell whether the simulator may create a world; with `DEMO_WORLDS` only for an existing visitor's shop."""
    return not settings.demo_worlds or keeps_world(settings, name)


def keeps_world(settings: Settings, name: str) -> bool:
    """Tell whether a visitor's shop uses this world of the simulator; the world is deleted with that shop."""
    return settings.demo_worlds and import_module("demo.worlds").folder_of(name).is_dir()


def person_groups(settings: Settings) -> Any:
    """Return the groups of test persons by what this shop does with them; empty without the demo."""
    if not settings.in_demo or not find_spec("demo"):
        return ()
    return import_module("demo.scenarios").person_groups(settings)


def main(settings: Settings) -> None:
    """Serve for development, with Flask's debug mode. `create_app` allows debug mode only on local addresses."""
    from werkzeug.serving import is_running_from_reloader

    from app.dev_server import refuse_if_taken, serve, serve_both

    shop_address, simulator_address = listening_addresses(settings)
    if shop_address[0] in LOCAL_HOSTS:
        os.environ["FLASK_DEBUG"] = "1"
    says = f"  The shop is ready:      {settings.public_url}\n"
    if settings.simulated:
        says += f"  It logs customers in at {settings.simulator_url}, the simulator of Vipps Login.\n"
    if settings.demo_worlds:
        address = import_module("demo.workshop").teacher_address(settings, INSTANCE)
        says += f"  The teacher of a workshop opens {address}\n"
    says += "  Press Ctrl+C to stop.\n"
    shop = partial(serve, lambda: __getattr__("app"), settings.public_url, says, address=shop_address)
    if sys.argv[1:] == ["simulator"]:
        shop_at = f"http://localhost:{shop_address[1]}" if settings.https and settings.connect_to else ""
        serve(lambda: build_simulator(settings, shop_at), settings.simulator_url, address=simulator_address)
        return
    if not is_running_from_reloader():
        warn_of_plain_http(settings)
        refuse_if_taken(shop_address, "PUBLIC_URL or BIND")
    if settings.simulated and not is_running_from_reloader():
        refuse_if_taken(simulator_address, "SIMULATOR_URL")
        serve_both(shop, [sys.executable, __file__, "simulator"], simulator_address)
    else:
        shop()


def listening_addresses(settings: Settings) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return the host and port on which the shop listens, and those of the simulator beside it."""
    from app.dev_server import listening_address

    bind = os.environ.get("BIND", "")
    if not re.fullmatch(r"([^\s:/]+|\[[0-9A-Fa-f:]+\]):\d{1,5}|", bind):
        sys.exit("BIND: write a host and a port to listen on, such as 0.0.0.0:8000")
    shop_address = listening_address(settings.public_url, bind)
    # The simulator listens where the shop connects to it, or at the port of its own address.
    reached = f":{settings.connect_to.port}" if settings.connect_to else ""
    simulator_address = listening_address(settings.simulator_url, reached, 8001)
    return shop_address, (shop_address[0], simulator_address[1]) if bind else simulator_address


def warn_of_plain_http(settings: Settings) -> None:
    """Warn at the start about plain HTTP if other computers reach the shop by it."""
    if not settings.https and urlsplit(settings.public_url).hostname not in LOCAL_HOSTS:
        print(
            f"{settings.public_url} is plain http: any computer on this network can read what is sent, and its\n"
            "cookies are not Secure. Use it with the simulator's test persons; with Vipps itself https is required.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main(settings_or_exit())

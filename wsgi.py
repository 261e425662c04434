"""The apps that a server runs: `wsgi:app` is the shop, `wsgi:simulator` is Vipps Login, simulated.

`python wsgi.py` serves the shop for development, with the simulator beside it unless `VIPPS_ENVIRONMENT` names another.
Each app is built at its first access, so that serving one does not build the other, and so that a wrong setting ends
with a message instead of a traceback.
"""

import sys
from importlib.util import find_spec
from typing import Any

from app.settings import INSTANCE, Settings, SettingsError, kept_secret, load


def __getattr__(name: str) -> Any:
    """Build an app at the first access."""
    builders = {"app": build_shop, "simulator": build_simulator}
    if name not in builders:
        raise AttributeError(name)
    globals()[name] = builders[name](settings_or_exit())
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
    )
    return create_simulator(
        SimulatorConfig(
            public_url=settings.simulator_url,
            database_url=f"sqlite:///{INSTANCE / 'simulator.sqlite'}",
            secret_key=kept_secret(INSTANCE / "simulator_key"),
            merchants=(shop,),
        )
    )


def main(settings: Settings) -> None:
    """Serve for development."""
    from app.dev_server import serve, serve_both

    if sys.argv[1:] == ["simulator"]:
        serve(__getattr__("simulator"), settings.simulator_url)
    elif settings.simulated:
        command = [sys.executable, __file__, "simulator"]
        serve_both(
            settings,
            lambda: __getattr__("app"),
            lambda: serve(__getattr__("app"), settings.public_url),
            command,
        )
    else:
        serve(__getattr__("app"), settings.public_url)


if __name__ == "__main__":
    main(settings_or_exit())

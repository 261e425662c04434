"""What a server runs: `wsgi:app` is the shop, `wsgi:simulator` is Vipps Login, simulated.

Both are built when they are asked for, so that serving one does not build the other. `python wsgi.py` serves both for
development, each in a process of its own: a provider inside the shop's own workers would wait for itself.
"""

import signal
import subprocess
import sys
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from app import about
from app.settings import Settings, SettingsError, load


def __getattr__(name: str) -> Any:
    """Build `app` or `simulator` at the first access."""
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
        raise SystemExit(3) from None  # gunicorn takes 3 for "do not try again"


def build_shop(settings: Settings) -> Any:
    """Build the shop."""
    from app import create_app

    return create_app(settings)


def build_simulator(settings: Settings) -> Any:
    """Build the simulator, with this shop as one of its merchants."""
    from app.settings import INSTANCE, kept_secret
    from app.simulator import create_simulator
    from app.simulator.config import Merchant, SimulatorConfig

    INSTANCE.mkdir(exist_ok=True)
    shop = Merchant(
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        name=about.NAME,
        redirect_uris=(settings.redirect_uri,),
        auth_method=settings.vipps_client_auth_method,
        msn=settings.vipps_merchant_serial_number or "123456",
        webhook_url=f"{settings.public_url}/webhooks/vipps/consent-revoked/{settings.webhook_token}",
        terms_url=f"{settings.public_url}/terms",
        privacy_url=f"{settings.public_url}/privacy",
        plan="advanced",  # so that it may ask for confirmation in the app
    )
    return create_simulator(
        SimulatorConfig(
            public_url=settings.simulator_url,
            database_url=f"sqlite:///{INSTANCE / 'simulator.sqlite'}",
            secret_key=kept_secret(INSTANCE / "simulator_key"),
            merchants=(shop,),
        )
    )


def serve(name: str, origin: str) -> None:
    """Serve one of the two with Werkzeug's development server."""
    from werkzeug.serving import WSGIRequestHandler, run_simple

    class Quiet(WSGIRequestHandler):
        """Leave the request's line to the app, whose log has no query string: a callback's carries the code."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Log nothing."""

    parts = urlsplit(origin)
    run_simple(
        parts.hostname or "localhost",
        parts.port or (443 if parts.scheme == "https" else 80),
        __getattr__(name),
        threaded=True,
        request_handler=Quiet,
    )


def serve_both(settings: Settings) -> None:
    """Serve the shop here and, if it is the provider, the simulator in a second process; end them together."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    helper = None
    if settings.simulated:
        helper = subprocess.Popen([sys.executable, __file__, "simulator"])  # noqa: S603 - this very file
        print(f"\n  The shop:       {settings.public_url}\n  The simulator:  {settings.simulator_url}\n")
    try:
        serve("app", settings.public_url)
    except KeyboardInterrupt:
        pass
    finally:
        if helper:
            helper.terminate()
            helper.wait()


if __name__ == "__main__":
    chosen = settings_or_exit()
    if sys.argv[1:] == ["simulator"]:
        serve("simulator", chosen.simulator_url)
    else:
        serve_both(chosen)

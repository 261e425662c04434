"""The simulator beside the shop: built for this shop's settings, and served by a second process in development."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from app import about
from app.settings import INSTANCE, Settings, kept_secret

PATIENCE_SECONDS = 30.0  # for the simulator to start
POLL_SECONDS = 0.05


def build_simulator(settings: Settings) -> Any:
    """Build the simulator, with this shop as one of its merchants; ends with a reason if it was removed."""
    if not find_spec("simulator"):
        print(
            "There is no simulator here: simulator was removed. Set VIPPS_ENVIRONMENT to test or production,\n"
            "or serve the simulator of another copy at SIMULATOR_URL.",
            file=sys.stderr,
        )
        raise SystemExit(3)
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
        webhook_url=f"{settings.public_url}/webhooks/vipps/consent-revoked/{settings.webhook_token}",
        account_url=f"{settings.public_url}/account",
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


def serve_both(
    settings: Settings, build_shop: Callable[[], object], serve_shop: Callable[[], None], command: list[str]
) -> None:
    """Serve the shop here and the simulator by a command of its own; end them together.

    Both are built at the same time, and the shop is served when the simulator is: who is quick with the first click
    would otherwise be told that Vipps is down.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    helper = subprocess.Popen(command)  # noqa: S603 - this project's own
    try:
        build_shop()
        _wait_for(helper, settings.simulator_url)
        print(f"\n  The shop:       {settings.public_url}\n  The simulator:  {settings.simulator_url}\n", flush=True)
        serve_shop()
    except KeyboardInterrupt:
        pass
    finally:
        helper.terminate()
        helper.wait()


def _wait_for(helper: "subprocess.Popen[bytes]", origin: str) -> None:
    """Wait until somebody listens at the simulator's address, or it has ended and said why, or it takes too long."""
    parts, gives_up_at = urlsplit(origin), time.monotonic() + PATIENCE_SECONDS
    address = (parts.hostname or "localhost", parts.port or 80)
    while helper.poll() is None and time.monotonic() < gives_up_at:
        try:
            socket.create_connection(address, timeout=1).close()
            return
        except OSError:
            time.sleep(POLL_SECONDS)  # another process: a socket that is not there yet cannot be waited for

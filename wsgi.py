"""What a server runs: `wsgi:app` is the shop. `python wsgi.py` serves it for development.

It is built when it is asked for, so that a mistake in the settings ends with what is wrong and not with a traceback.
"""

import sys
from typing import Any
from urllib.parse import urlsplit

from app.settings import Settings, SettingsError, load


def __getattr__(name: str) -> Any:
    """Build `app` at the first access."""
    builders = {"app": build_shop}
    # stage: begin
    # `wsgi:simulator` is Vipps Login, simulated; serving one of the two does not build the other.
    builders["simulator"] = build_simulator
    # stage: end
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


# stage: begin
def build_simulator(settings: Settings) -> Any:
    """Build the simulator, with this shop as one of its merchants."""
    from demo import serving

    return serving.build_simulator(settings)


# stage: end
def serve(name: str, origin: str) -> None:
    """Serve an app of this module with Werkzeug's development server."""
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


def main(chosen: Settings) -> None:
    """Serve the shop for development."""
    # stage: begin
    # The simulator has a process of its own: a provider inside the shop's own workers would wait for itself.
    if sys.argv[1:] == ["simulator"]:
        serve("simulator", chosen.simulator_url)
        return
    if chosen.simulated:
        from demo import serving

        command = [sys.executable, __file__, "simulator"]
        serving.serve_both(chosen, lambda: __getattr__("app"), lambda: serve("app", chosen.public_url), command)
        return
    # stage: end
    serve("app", chosen.public_url)


if __name__ == "__main__":
    main(settings_or_exit())

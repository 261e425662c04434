"""Shops that are killed in the middle of a Vipps login, again and again.

Run it as `python -m tests.customers.dying_shop`. It says its port; for each line of JSON with `settings` and a `step`
(see `callback_steps`) it forks a shop that serves one request and kills itself at that step, without a word and without
cleaning up; then it says `killed`, or `lived` if the request came to its end.
"""

import json
import os
import signal
import sys

from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.settings import load
from tests.customers.callback_steps import at_step

apps: dict[str, Flask] = {}  # by their settings; none of them ever opens a connection here, so the forks share none


def say(line: object) -> None:
    """Tell the test how far this is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def app_of(settings: dict[str, str]) -> Flask:
    """Return the shop with these settings."""
    name = json.dumps(settings)
    if name not in apps:
        apps[name] = create_app(load(settings))
    return apps[name]


def main() -> None:
    """Serve until there are no more steps."""
    server = make_server("127.0.0.1", 0, Flask("nothing yet"))
    say(server.port)
    for line in sys.stdin:
        order = json.loads(line)
        server.app = app_of(order["settings"])
        child = os.fork()
        if child == 0:
            at_step(server.app, order["step"], lambda: os.kill(os.getpid(), signal.SIGKILL))
            server.handle_request()
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        say("killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else "lived")


if __name__ == "__main__":
    main()

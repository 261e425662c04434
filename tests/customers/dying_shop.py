"""A shop that stops for ever just before the commit of a Vipps login, so that a test can kill it there.

Run it as `python -m tests.customers.dying_shop <database URL> <origin of the simulator> <port>`. It writes `serving`,
and `about to commit` when a callback has written everything but has committed nothing.
"""

import sys
import threading

from flask import request
from werkzeug.serving import make_server

from app import create_app
from app.database import db
from app.settings import load
from tests.conftest import ENVIRONMENT


def say(line: str) -> None:
    """Tell the test how far this is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(database_url: str, simulator: str, port: str) -> None:
    """Serve until killed."""
    settings = {"DATABASE_URL": database_url, "SIMULATOR_URL": simulator}
    app = create_app(load({**ENVIRONMENT, **settings}))
    commit = db.session.commit

    def stop_in_a_callback() -> None:
        if request.path.endswith("/callback"):
            db.session.flush()
            say("about to commit")
            threading.Event().wait()
        commit()

    db.session.commit = stop_in_a_callback  # type: ignore[method-assign]  # the point of this program
    server = make_server("127.0.0.1", int(port), app, threaded=True)
    say("serving")
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

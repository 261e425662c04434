"""A shop that is killed in the middle of a Vipps login, again and again.

Run it as `python -m tests.customers.dying_shop <port>`, with its settings in the environment. It says `serving`; for
each line that names a step (see `callback_steps`) it forks a shop that serves one request and kills itself at that
step, without a word and without cleaning up; then it says `killed`, or `lived` if the request came to its end.
"""

import os
import signal
import sys

from werkzeug.serving import make_server

from app import create_app
from app.settings import load
from tests.customers.callback_steps import at_step


def say(line: str) -> None:
    """Tell the test how far this is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(port: str) -> None:
    """Serve until there are no more steps."""
    app = create_app(load())
    server = make_server("127.0.0.1", int(port), app)  # before the first fork, so that it has no connection to share
    say("serving")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            at_step(app, line.strip(), lambda: os.kill(os.getpid(), signal.SIGKILL))
            server.handle_request()
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        say("killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else "lived")


if __name__ == "__main__":
    main(*sys.argv[1:])

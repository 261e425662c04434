"""Configure gunicorn for the shop and the simulator: `gunicorn wsgi:app`, `gunicorn wsgi:simulator`.

A login waits for two calls to Vipps while its worker is idle, so a worker needs many threads: with few, a provider that
takes 300 ms per call would delay the catalogue.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from flask.helpers import get_load_dotenv

# The same as `app.settings.read_environment`, which the workers call: the master must not import code that reloads.
DOTENV = Path(__file__).with_name(".env")
environ = {**(dotenv_values(DOTENV, encoding="utf-8-sig") if get_load_dotenv() else {}), **os.environ}

bind = environ.get("BIND") or "127.0.0.1:8000"
if not (environ.get("WEB_CONCURRENCY") or "2").isdecimal():
    sys.exit("WEB_CONCURRENCY: write the number of workers, such as 2")
workers = int(environ.get("WEB_CONCURRENCY") or "2")
worker_class = "gthread"
threads = 200  # twice VIPPS_CONCURRENT_LOGINS, so that logins that wait for Vipps never occupy all threads
timeout = 30  # longer than the 10 s within which every callback ends
graceful_timeout = 15  # a login in progress can finish before its worker ends
keepalive = 5
# A worker may grow by 100 MiB (`python -m bench --only memory`) before it ends, so few of them leave files of counts.
max_requests = 200_000
max_requests_jitter = 20_000
limit_request_line = 8190
# By default, gunicorn takes the path prefix (SCRIPT_NAME) and the path from headers of a client on this machine.
forwarder_headers = ""
# The shop logs each request itself, without the query string, because a callback's has the authorization code.
accesslog = None
control_socket_disable = True  # nothing here uses it, and it would write to the home directory
# The workers' heartbeat files are in memory: no slow disk delays them, and the file system may be read-only.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn gives it a random name

# With METRICS_TOKEN, the workers share their counts as files in this master's folder. A reload keeps the folder. After
# an upgrade, the environment names the previous master's folder, which this master neither uses nor removes.
FOLDER_PREFIX = f"shop-metrics-{os.getpid()}-"
METRICS_FOLDER = environ.get("PROMETHEUS_MULTIPROC_DIR") or ""
_is_of_another_master = "shop-metrics-" in METRICS_FOLDER and FOLDER_PREFIX not in METRICS_FOLDER
if environ.get("METRICS_TOKEN") and (not METRICS_FOLDER or _is_of_another_master):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = METRICS_FOLDER = tempfile.mkdtemp(prefix=FOLDER_PREFIX)


def on_starting(server: Any) -> None:
    """Print the mistakes of the settings and exit with status 3 before a worker starts, which would print a traceback.

    Another process reads the settings, because the master must not import the code that a reload renews.
    """
    read = [sys.executable, "-c", "import wsgi; wsgi.warn_of_plain_http(wsgi.settings_or_exit())"]
    if status := subprocess.run(read, cwd=Path(__file__).parent, check=False).returncode:  # noqa: S603 - our own code
        sys.exit(status)


def post_worker_init(worker: Any) -> None:
    """Log a worker's own messages as the shop's, and start the thread that sends emails.

    The message about a malformed request quotes it with its query.
    """
    import structlog

    from app.logging import LibraryHandler

    if structlog.is_configured():  # the simulator has no log
        worker.log.error_log.handlers = [LibraryHandler()]
    if sender := getattr(worker.wsgi, "extensions", {}).get("mail_sender"):
        sender.start()  # emails that a killed worker left must not wait for a visitor


def child_exit(server: Any, worker: Any) -> None:
    """Tell Prometheus' client that a worker has ended, as its documentation asks ("Multiprocess Mode (Gunicorn)").

    Its counters stay in their files, so that no count is lost. A scrape takes half a millisecond more for each.
    """
    if METRICS_FOLDER:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid, METRICS_FOLDER)


def on_exit(server: Any) -> None:
    """Remove the folder, if this master made it."""
    if FOLDER_PREFIX in METRICS_FOLDER:
        shutil.rmtree(METRICS_FOLDER, ignore_errors=True)

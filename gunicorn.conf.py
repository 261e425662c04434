"""How the shop and the simulator are served: `gunicorn wsgi:app`, `gunicorn wsgi:simulator`.

A login waits for two calls to Vipps while its worker does nothing, so a worker needs threads, not speed: with few
threads, a provider that takes 300 ms per call would hold up the catalogue.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 128  # twice VIPPS_CONCURRENT_LOGINS, so that logins that wait for Vipps never take them all
timeout = 30  # above the 10 s by which every callback ends
graceful_timeout = 15  # a login in flight ends before its worker does
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 8190
# The shop writes one line per request itself, without the query string, which at the callback carries the code.
accesslog = None
control_socket_disable = True  # nothing here uses it, and it would write to the home directory
# A worker shows by a file that it lives: in memory, where no slow disk holds it up and a read-only system may write.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn gives it a random name

# With METRICS_TOKEN, the workers count together in the files of a folder of this very master: a reload keeps it, and
# one that a previous master left in the environment at an upgrade is not ours to use, or to remove.
MADE_HERE = f"shop-metrics-{os.getpid()}-"
SHARED = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if os.environ.get("METRICS_TOKEN") and (not SHARED or ("shop-metrics-" in SHARED and MADE_HERE not in SHARED)):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = SHARED = tempfile.mkdtemp(prefix=MADE_HERE)


def post_worker_init(worker: Any) -> None:
    """Write a worker's own lines through the shop's filter: that of a malformed request quotes it, query and all."""
    import structlog

    from app.logging import LibraryHandler

    if structlog.is_configured():  # the simulator has no log
        worker.log.error_log.handlers = [LibraryHandler()]


gone: set[int] = set()  # workers that have ended, and whose files are still there


def child_exit(server: Any, worker: Any) -> None:
    """Keep what a worker counted, and not its files: workers end after `max_requests`, and every scrape reads all."""
    if not SHARED:
        return
    from prometheus_client.multiprocess import mark_process_dead

    try:
        mark_process_dead(worker.pid, SHARED)
        gone.add(worker.pid)
        gone.difference_update(server.WORKERS)  # a new one may have an old number, and its files
        add_up(Path(SHARED))
    except Exception as error:  # whatever it is, the master must not end by it
        server.log.warning("The counts of ended workers were not added up: %r", error)


def add_up(folder: Path) -> None:
    """Add the counts of those who are gone to one file of each kind, unless somebody reads them just now.

    Then the next one does it: the master waits for nobody, since it is who ends a worker that hangs. What fails does
    not keep the others, and is tried again then, too.
    """
    if folder.stat().st_mode & stat.S_IWOTH:  # they could lead the master's writing to any file of its own
        raise PermissionError(f"everybody may write to {folder}")
    with (folder / "lock").open("ab") as lock:  # the one that app/metrics.py takes to read
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        failed = None
        for pid in tuple(gone):
            try:
                for kind in ("counter", "histogram"):
                    add(folder / f"{kind}_{pid}.db", folder / f"{kind}_past.db")
                gone.discard(pid)
            except Exception as error:
                failed = error
        if failed:
            raise failed


def add(ended: Path, past: Path) -> None:
    """Add the counts in one file to those in another; if it fails, nothing has been added."""
    from prometheus_client.mmap_dict import MmapedDict

    if not ended.exists():
        return
    total: dict[str, tuple[float, float]] = {}
    for path in (past, ended):
        for key, value, at, _ in MmapedDict.read_all_values_from_file(path) if path.exists() else ():
            total[key] = (total.get(key, (0.0, 0.0))[0] + value, at)
    new = past.with_suffix(".new")
    new.unlink(missing_ok=True)
    try:
        with new.open("xb") as file:
            # Writing to mapped memory that the disk has no room for would end the master, not raise anything.
            room = 8 + sum(len(key.encode()) + 28 for key in total)  # an entry: its length, key, padding, two numbers
            os.posix_fallocate(file.fileno(), 0, room)
        with closing(MmapedDict(new)) as written:
            for key, (value, at) in total.items():
                written.write_value(key, value, at)
        ended.unlink()  # before, since what is lost is better than what is counted twice
        new.replace(past)
    finally:
        new.unlink(missing_ok=True)


def on_exit(server: Any) -> None:
    """Remove the folder that was made here."""
    if MADE_HERE in SHARED:
        shutil.rmtree(SHARED, ignore_errors=True)

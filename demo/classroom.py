"""The demo in a class: limits for thirty learners behind one address, and `flask workshop check` for the teacher."""

import hashlib
import platform
import shutil
import socket
import webbrowser
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click
from flask import Flask
from flask.cli import with_appcontext

from app.database import utcnow
from app.dev_server import listening_address
from app.security import size_for_a_class
from app.settings import INSTANCE, LOCAL_HOSTS, ROOT, Settings, settings_of_app
from demo.staff import DEMO_EMAIL
from samples.customers import CUSTOMERS

# Thirty learners press a button five times in a minute, and log in to the back office three times in 15 minutes.
TIMES = 5
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "msedge", "chromium-headless-shell")


def size_limits(app: Flask) -> None:
    """Allow what a class does from one address, and any number of logins to the accounts with a published password."""
    size_for_a_class(app, TIMES, frozenset({row.email for row in CUSTOMERS} | {DEMO_EMAIL}))


class Finding(NamedTuple):
    """One line of the check: whether it is fine, what was found, and what to do if not."""

    is_fine: bool
    said: str
    to_do: str = ""


@click.group()
def workshop() -> None:
    """Prepare a workshop."""


@workshop.command()
@with_appcontext
def check() -> None:
    """Say whether this computer is ready for a class, one line for each part; exit with 1 if one is not."""
    settings = settings_of_app()
    findings = [
        python(),
        *(port_of(origin, own) for origin, own in ((settings.public_url, 8000), (settings.simulator_url, 8001))),
        network(lan_addresses(), settings),
        clock(utcnow()),
        wheelhouse(ROOT / "wheelhouse"),
        browser(),
    ]
    for each in findings:
        click.echo(f"{'ok  ' if each.is_fine else 'TODO'} {each.said}" + (f" {each.to_do}" if each.to_do else ""))
    if not all(each.is_fine for each in findings):
        raise SystemExit(1)


@workshop.command()
@with_appcontext
def link() -> None:
    """Print a new teacher's link, for a server that runs already. It works once."""
    settings = settings_of_app()
    if not settings.demo_worlds:
        raise click.ClickException("A workshop needs DEMO_WORLDS=1.")
    click.echo(import_module("demo.workshop").teacher_address(settings, INSTANCE))


def python() -> Finding:
    """Name the Python that runs; an older one could not have started this command."""
    return Finding(True, f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.")


def port_of(origin: str, own_port: int) -> Finding:
    """Tell whether this machine can listen where `make run` serves an address."""
    host, port = listening_address(origin, port=own_port)
    try:
        with socket.create_server((host, port)):
            return Finding(True, f"Port {port} of {host} is free, for {origin}.")
    except OSError as error:
        said = f"Port {port} of {host}: {error.strerror}."
        return Finding(
            False, said, "End the program that has it, also a shop that runs, or set PUBLIC_URL and SIMULATOR_URL."
        )


def lan_addresses() -> list[str]:
    """Return the IPv4 addresses at which other computers may reach this one; nothing is sent to find them."""
    found = set()
    with suppress(OSError):
        found |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a UDP socket only chooses a route
        found.add(str(probe.getsockname()[0]))
    return sorted(each for each in found if not each.startswith("127."))


def network(addresses: list[str], settings: Settings) -> Finding:
    """Name the addresses for the class, and how to serve one."""
    hosts = {urlsplit(each).hostname for each in (settings.public_url, settings.simulator_url)}
    if not addresses:
        return Finding(
            False, "This computer has no address in a network.", "Join the class's network, or open a hotspot."
        )
    said = f"Address in the network: {', '.join(addresses)}."
    if settings.https or not hosts & LOCAL_HOSTS:
        return Finding(True, said)
    urls = f"PUBLIC_URL=http://{addresses[0]}:8000 SIMULATOR_URL=http://{addresses[0]}:8001"
    return Finding(True, said, f"For learners' browsers set {urls}")


def clock(now: datetime) -> Finding:
    """Compare the clock with the project's newest file of a release: tokens are valid for minutes."""
    written = datetime.fromtimestamp((ROOT / "CHANGELOG.md").stat().st_mtime, UTC)
    said = f"The clock says {now:%Y-%m-%d %H:%M} UTC."
    return Finding(
        now >= written, said, "" if now >= written else "That is before this project was copied: set the clock."
    )


def wheelhouse(folder: Path) -> Finding:
    """Check the packages for computers without a network against their checksums."""
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return Finding(False, "No wheelhouse: each learner's set-up needs a network.", "Run make wheelhouse.")
    listed = [line.split("  ", 1) for line in sums.read_text().splitlines()]
    wrong = [name for digest, name in listed if not _has(folder / name, digest)]
    if wrong:
        return Finding(
            False, f"The wheelhouse is damaged: {', '.join(wrong[:3])}.", "Delete it and run make wheelhouse."
        )
    return Finding(True, f"The wheelhouse has {len(listed)} packages.")


def _has(file: Path, digest: str) -> bool:
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest


def browser() -> Finding:
    """Tell whether a browser is found."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with suppress(webbrowser.Error):
        found = found or webbrowser.get().__class__.__name__
    return Finding(
        bool(found), f"Browser: {found or 'none found'}.", "" if found else "Install Chromium, Firefox or Edge."
    )

"""The demo in a class: limits for thirty learners behind one address, and `flask workshop check` for the teacher."""

import hashlib
import io
import platform
import shutil
import socket
import webbrowser
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import click
import segno
from flask import Flask
from flask.cli import with_appcontext

from app.database import utcnow
from app.doctor.findings import CheckOutcome, Level, failed, ok, warning
from app.security import size_for_a_class
from app.settings import INSTANCE, LOCAL_HOSTS, ROOT, Settings, settings_of_app
from demo.staff import DEMO_EMAIL
from samples.customers import CUSTOMERS
from wsgi import listening_addresses

# Thirty learners press a button five times in a minute, and log in to the back office three times in 15 minutes.
TIMES = 5
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "msedge", "chromium-headless-shell")
FOR_A_CLASS = "Unless each learner has a clone, set"


def size_limits(app: Flask) -> None:
    """Allow what a class does from one address, and any number of logins to the accounts with a published password."""
    size_for_a_class(app, TIMES, frozenset({row.email for row in CUSTOMERS} | {DEMO_EMAIL}))


@click.group()
def workshop() -> None:
    """Prepare a workshop."""


@workshop.command()
@with_appcontext
def check() -> None:
    """Say whether this computer is ready for a class, one line for each part; exit with 1 if one is not."""
    settings = settings_of_app()
    ours, theirs = listening_addresses(settings)
    findings = [
        python(),
        port(ours, settings.public_url),
        port(theirs, settings.simulator_url),
        network(lan_addresses(), settings),
        rooms(settings),
        clock(utcnow()),
        wheelhouse(ROOT / "wheelhouse"),
        browser(),
    ]
    for each in findings:
        click.echo(f"{each.level:8}{each.said}" + (f" {each.advice}" if each.advice else ""))
    if settings.demo_worlds and urlsplit(settings.public_url).hostname not in LOCAL_HOSTS:
        with suppress(UnicodeEncodeError):  # the terminal has no block characters
            click.echo(f"\n{qr_code(class_address(settings))}")
    if any(each.level is Level.FAILED for each in findings):
        raise SystemExit(1)


@workshop.command()
@with_appcontext
def link() -> None:
    """Print a new teacher's link, for a server that runs already. It works once."""
    settings = settings_of_app()
    if not settings.demo_worlds:
        raise click.ClickException("A workshop needs DEMO_WORLDS=1.")
    click.echo(import_module("demo.workshop").teacher_address(settings, INSTANCE))


def python() -> CheckOutcome:
    """Name the Python that runs; an older one could not have started this command."""
    return ok(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.")


def port(address: tuple[str, int], origin: str) -> CheckOutcome:
    """Tell whether this machine can listen where `make run` serves an origin."""
    host, number = address
    try:
        with socket.create_server(address, family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return ok(f"Port {number} of {host} is free, for {origin}.")
    except OSError as error:
        said = f"Port {number} of {host}: {str(error.strerror).partition(' (')[0]}."  # Python adds the address again
        to_do = "End the program that has it, also a shop that runs, or set PUBLIC_URL, SIMULATOR_URL or BIND."
        return failed(said, to_do)


def lan_addresses() -> list[str]:
    """Return the IPv4 addresses at which other computers may reach this one; nothing is sent to find them."""
    found = set()
    with suppress(OSError):
        found |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a UDP socket only chooses a route
        found.add(str(probe.getsockname()[0]))
    return sorted(each for each in found if not each.startswith("127."))


def network(addresses: list[str], settings: Settings) -> CheckOutcome:
    """Name the addresses for the class, and how to serve one."""
    origins = {"PUBLIC_URL": settings.public_url, "SIMULATOR_URL": settings.simulator_url}
    local = [each for each in origins.values() if urlsplit(each).hostname in LOCAL_HOSTS]
    if not addresses:
        return failed("This computer has no address in a network.", "Join the class's network, or open a hotspot.")
    said = f"Address in the network: {', '.join(addresses)}."
    if not local:
        return ok(said)
    ports = {name: parts.port for name, url in origins.items() if (parts := urlsplit(url))}
    urls = " ".join(f"{name}=http://{addresses[0]}" + (f":{at}" if at else "") for name, at in ports.items())
    return failed(f"{said} Other computers cannot reach {' and '.join(local)}.", f"{FOR_A_CLASS} {urls}")


def class_address(settings: Settings) -> str:
    """Return where learners enter the code of a room."""
    return f"{settings.public_url}/workshop"


def rooms(settings: Settings) -> CheckOutcome:
    """Tell whether there are rooms, and how to become their teacher."""
    if not settings.demo_worlds:
        return failed("No rooms, and one shop for all visitors: DEMO_WORLDS is 0.", f"{FOR_A_CLASS} DEMO_WORLDS=1")
    said = f"Learners join a room at {class_address(settings)}. The start of the server prints the teacher's link."
    return ok(said, "While the server runs, flask --app wsgi workshop link prints a new one.")


def qr_code(address: str) -> str:
    """Return the QR code of an address for a terminal: dark on light, also in a dark terminal."""
    drawn = io.StringIO()
    segno.make(address, micro=False).terminal(drawn, compact=True)
    return "\n".join(click.style(line, fg="bright_white", bg="black") for line in drawn.getvalue().splitlines())


def clock(now: datetime) -> CheckOutcome:
    """Compare the clock with the project's newest file of a release: tokens are valid for minutes."""
    written = datetime.fromtimestamp((ROOT / "CHANGELOG.md").stat().st_mtime, UTC)
    said = f"The clock says {now:%Y-%m-%d %H:%M} UTC."
    if now >= written:
        return ok(said)
    return failed(said, "That is before this project was copied: set the clock.")


def wheelhouse(folder: Path) -> CheckOutcome:
    """Check the packages for computers without a network against their checksums."""
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        said = "No wheelhouse, which a class needs only if learners set up a clone without a network."
        return warning(said, "To have one, run make wheelhouse.")
    listed = [line.split("  ", 1) for line in sums.read_text().splitlines()]
    wrong = [name for digest, name in listed if not _has(folder / name, digest)]
    if wrong:
        return failed(f"The wheelhouse is damaged: {', '.join(wrong[:3])}.", "Delete it and run make wheelhouse.")
    return ok(f"The wheelhouse has {len(listed)} packages.")


def _has(file: Path, digest: str) -> bool:
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest


def browser() -> CheckOutcome:
    """Tell whether a browser is found."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with suppress(webbrowser.Error):
        found = found or webbrowser.get().__class__.__name__
    if found:
        return ok(f"Browser: {found}.")
    return failed("Browser: none found.", "Install Chromium, Firefox or Edge.")

"""The command; see the package."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from bench.lab import plain_environment
from bench.merchants.table import write_chapter
from bench.processes import ROOT, BenchmarkError, free_port
from simulator.check import main as check

HERE = Path(__file__).parent
START_SECONDS = 60
TROUBLE = 11
CLIENT_ID, CLIENT_SECRET = "checked-merchant", "checked-secret"
WEBHOOK_TOKEN = "0123456789abcdef0123456789abcdef"


def install(folder: Path) -> None:
    """Install the libraries, unless they are there."""
    if not (folder / "py").exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "py"], check=True)
        subprocess.run([folder / "py/bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    if shutil.which("npm") and not (folder / "node" / "node_modules").exists():
        (folder / "node").mkdir(exist_ok=True)
        shutil.copy(HERE / "package.json", folder / "node")
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder / "node", check=True)


def program(merchant: dict[str, Any], folder: Path, work: Path, port: int) -> tuple[list[str], Path, dict[str, str]]:
    """Return the command that serves a merchant, the folder to run it in, and its own variables."""
    gunicorn = ["-m", "gunicorn", "--threads", "16", "--bind", f"127.0.0.1:{port}"]
    match merchant["runs"]:
        case "shop":
            return [sys.executable, *gunicorn, "wsgi:app"], ROOT, {}
        case "lift_out":
            shutil.copytree(ROOT / "app" / "vipps", work / "vipps")
            shutil.copy(ROOT / "examples" / "lift_out.py", work)
            return [sys.executable, *gunicorn, "lift_out:app"], work, {"VIPPS_ENVIRONMENT": "test"}
        case runs if runs.endswith(".js"):
            shutil.copy(HERE / runs, folder / "node")
            # Restart the merchant if a request ends it, as a process manager does.
            return ["sh", "-c", f"while :; do node {runs}; done"], folder / "node", {}
        case runs:
            return [str(folder / "py/bin/python"), *gunicorn, runs], HERE, {}


@contextmanager
def served(merchant: dict[str, Any], folder: Path, work: Path, port: int, provider: str) -> Iterator[None]:
    """Serve a merchant until the block ends."""
    command, place, own = program(merchant, folder, work, port)
    access = f"{provider}/access-management-1.0/access"
    env = {
        **plain_environment(), **own, "ORIGIN": f"http://localhost:{port}", "PUBLIC_URL": f"http://localhost:{port}",
        "PROVIDER": provider, "SIMULATOR_URL": provider, "VIPPS_BASE_URL": provider if own else "",
        "ISSUER": f"{access}/",
        "METADATA_URL": f"{access}/.well-known/openid-configuration", "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
        "VIPPS_CLIENT_ID": CLIENT_ID, "VIPPS_CLIENT_SECRET": CLIENT_SECRET, "VIPPS_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        "SECRET_KEY": "a key for the check, long enough to sign with", "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{work / 'shop.sqlite'}", "LIBRARY": merchant.get("library", ""),
        "SAFER": "1" if merchant.get("safer") else "",
    }  # fmt: skip
    if merchant["runs"] == "shop":
        setup = [sys.executable, "-m", "flask", "--app", "wsgi", "setup", "--demo"]
        subprocess.run(setup, cwd=ROOT, env=env, check=True, capture_output=True)
    with (work / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=place, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            wait(f"http://localhost:{port}/", process, work / "log")
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the merchant answers."""
    gives_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < gives_up_at and process.poll() is None:
        try:
            urllib3.request("GET", url, retries=False, timeout=2)
            return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)  # a port of another process cannot be waited for before it exists
    raise BenchmarkError(f"the merchant did not start: {log.read_text(errors='replace')[-800:]}")


def checked(merchant: dict[str, Any], folder: Path, results: Path, wanted: set[int]) -> None:
    """Check one merchant and write its results as JSON."""
    port, provider_port = free_port(), free_port()
    origin, provider = f"http://localhost:{port}", f"http://localhost:{provider_port}"
    kept = ("logged_in", "account_pattern", "next", "consent_given")
    paths = {"start": "/login", "home": "/", "logout": "/logout", "account": "/account", "consents": "", "webhook": ""}
    values = {name: merchant[name] for name in kept if name in merchant}
    values = {"logged_in": "Log out", "account_pattern": "Account <b>([^<]*)</b>", **values}
    for name, usual in paths.items():
        values[name] = f"{origin}{path}" if (path := merchant.get(name, usual)) else ""
    client = {
        "url": provider, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "redirect_uris": [origin + merchant.get("callback", "/callback")],
        "auth_method": merchant.get("auth_method", "client_secret_basic"),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "merchant.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        lines += ["[simulator]", *(f"{name} = {json.dumps(value)}" for name, value in client.items())]
        file.write_text("\n".join(lines))
        # The cases with outages of the provider come last, with a new merchant: some need a restart after them.
        for name, stages in (("", [number for number in range(1, 15) if number != TROUBLE]), ("-trouble", [TROUBLE])):
            own = Path(work) / f"run{name}"
            own.mkdir()
            chosen = [word for number in stages if number in wanted for word in ("--stage", str(number))]
            if not chosen:
                continue
            with served(merchant, folder, own, port, provider):
                check([str(file), "--seed", "1", "--json", str(results / f"{merchant['id']}{name}.json"), *chosen])
            shutil.copy(own / "log", results / f"{merchant['id']}{name}.log")


def main() -> None:
    """Check all merchants, or the named ones."""
    parser = argparse.ArgumentParser(prog="bench.merchants", description=__doc__)
    parser.add_argument("only", nargs="*", help="ids of merchants.toml")
    parser.add_argument("--folder", type=Path, default=ROOT / "instance" / "merchants", help="where the libraries are")
    parser.add_argument("--stage", type=int, action="append", help="only this stage; writes no table")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    results = options.folder / "results"
    results.mkdir(exist_ok=True)
    install(options.folder)
    merchants = tomllib.loads((HERE / "merchants.toml").read_text(encoding="utf-8"))["merchants"]
    for merchant in merchants:
        if options.only and merchant["id"] not in options.only:
            continue
        print(f"== {merchant['name']}", flush=True)
        try:
            checked(merchant, options.folder, results, set(options.stage or range(1, 15)))
        except BenchmarkError as error:
            print(error)
        if not options.stage:
            write_chapter(merchants, results)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()

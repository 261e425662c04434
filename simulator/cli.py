"""The command `vipps-login-simulator`: runs the simulator, tests a merchant, or compares with Vipps.

Each command is imported when it is called, so that `serve` starts at once.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from .version import __version__

MODULES = {"serve": "serving", "check": "check", "record": "record"}
HELP = """\
usage: vipps-login-simulator COMMAND [options]

  serve    run the simulator; prints issuer, client id and client secret
  check    log in at a merchant with one fault after the other, and report what it did
  record   compare the simulator with the test environment of Vipps MobilePay, values masked

`vipps-login-simulator COMMAND --help` lists the options of a command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in MODULES:
        module = import_module(f".{MODULES[name]}", __package__)
        return int(module.main(rest) or 0)
    is_known = name in ("-h", "--help", "--version")
    text = f"vipps-login-simulator {__version__}" if name == "--version" else HELP
    print(text, file=sys.stdout if is_known else sys.stderr)
    return 0 if is_known else 2


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a command's options."""
    return argparse.ArgumentParser(prog=f"vipps-login-simulator {command}", description=description)

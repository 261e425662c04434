"""Run the benchmark and print its table: `python -m bench [--only NAME] [--rounds N] [--customers N] [--json]`."""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

from bench import catalogue, databases, deployed, lab, login, machine, memory, millions, scale, startup, waiting
from bench.measure import Figure
from bench.processes import BenchmarkError

Part = Callable[[lab.Lab, int], list[Figure]]
PARTS: dict[str, Part] = {
    "deployed": deployed.measure,
    "login": login.measure,
    "catalogue": catalogue.measure,
    "waiting": waiting.measure,
    "scale": scale.measure,
    "memory": memory.measure,
    "databases": databases.measure,
    "startup": startup.measure,
}
MILLIONS = "millions"  # only when it is named: it takes long
ROUNDS = 7
MAX_SECONDS = 900  # for up to seven rounds; a quiet machine needs less than half of it


def main() -> None:
    """Run the chosen measurements. Every process that they start ends with this one, even when it is interrupted."""
    arguments = parsed()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(MAX_SECONDS * max(1, arguments.rounds // ROUNDS, arguments.customers // 1_000_000))
    parts = {**PARTS, MILLIONS: partial(millions.measure, customers=arguments.customers)}
    about, figures, failures = machine.describe(), [], []
    for name in [arguments.only] if arguments.only else PARTS:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        try:
            with lab.opened() as opened:
                figures += parts[name](opened, arguments.rounds)
        except BenchmarkError as error:
            failures.append(f"no figures for {name}: {error}")
    if arguments.json:
        print(json.dumps({"machine": about, "figures": [figure.as_dict() for figure in figures]}, indent=2))
    else:
        print("\n".join(table(about, figures)))
    if failures:
        raise SystemExit("\n".join(failures))


def parsed() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=[*PARTS, MILLIONS], help="measure one part")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each measurement is taken (default: 7)")
    parser.add_argument("--customers", type=int, default=1_000_000, help=f"of {MILLIONS} (default: 1,000,000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def end(signal_number: int, frame: FrameType | None) -> None:
    """End the benchmark on a signal: the user's, or the alarm's if a measurement hangs."""
    raise SystemExit(f"ended by {signal.Signals(signal_number).name}")


def table(about: dict[str, str], figures: list[Figure]) -> list[str]:
    """Return the result as lines of text."""
    rows = [("", "value", "baseline", "", "ratio", "aim", "met")]
    for f in figures:
        met = "" if f.met is None else "yes" if f.met else "NO"
        rows.append((f.name, number(f.value), number(f.baseline), f.unit, number(f.ratio), f.aim, met))
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    lines = [f"{name}: {value}" for name, value in about.items()] + [""]
    for name, value, baseline, *rest in rows:
        cells = [name.ljust(widths[0]), value.rjust(widths[1]), baseline.rjust(widths[2])]
        cells += [cell.ljust(width) for cell, width in zip(rest, widths[3:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def number(value: float | None) -> str:
    """Write a number with three significant digits, or nothing."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


if __name__ == "__main__":
    main()

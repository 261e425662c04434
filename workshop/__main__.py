"""The command `python -m workshop`: start a shop, read a stage, check it, and see its solution."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import copy

from simulator.check import command
from simulator.check.browser import Network
from simulator.check.merchant import MerchantFileError, load
from simulator.check.room import room_of
from simulator.check.run import RED, Report
from workshop import track

LANGUAGES = ("en", "nb")
CHOICES = ("--upto", "--stage", "--case", "--replay")  # the options of the checker that choose stages or a case


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: for `check` 0 if all stages are green, 1 or 3 if one is red."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["check"]:  # all else is an option of the checker
        upto = [] if any(each.startswith(CHOICES) for each in given) else ["--upto", str(len(track.stages()) - 1)]
        return command.main([*(given[1:] if len(given) > 1 else ["--help"]), *upto], track.course(), next_step)
    options = _parser().parse_args(given)
    return int(options.run(options) or 0)


def next_step(report: Report) -> str:
    """Return what a learner does after a check: a hint for the first red stage, or the next stage."""
    red = [each.case.stage for each in report.results if each.finding.verdict in RED]
    if red or report.broken:
        return f"Hints: python -m workshop show {red[0] if red else 3} --hints 1"  # from stage 3 on, a login works
    tested = {each.case.stage for each in report.results}
    if tested != set(range(len(tested))):
        return ""  # a single stage, or a single case
    if len(tested) < len(track.stages()):
        return f"Next: python -m workshop show {len(tested)}"
    return f"All {len(tested)} stages are green. The guide says what else your shop needs: /guide/going-live"


def start(options: argparse.Namespace) -> int:
    """Write a starter into a new folder."""
    folder: Path = options.folder
    if folder.exists() and any(folder.iterdir()):
        return _say(f"{folder} is not empty.", 2)
    folder.mkdir(parents=True, exist_ok=True)
    copy(track.FOLDER / "empty" / "merchant.toml", folder)
    if options.starter == "express":
        copy(track.FOLDER / "express" / "package.json", folder)
    if name := track.SHOPS[options.starter]:
        (folder / name).write_text(track.solution(options.starter, 0), encoding="utf-8")
    return _say(f"Written to {folder}. Read the first stage: python -m workshop show 0")


def show(options: argparse.Namespace) -> int:
    """Print a stage, or the list of all; a hint only on demand."""
    if options.stage is None:
        return _say("\n".join(f"{each.number:2} {each.texts[options.lang].title}" for each in track.stages()))
    stage = track.stages()[options.stage]
    texts = stage.texts[options.lang]
    lines = [f"Stage {stage.number}: {texts.title}", "", texts.goal, "", texts.tries]
    lines += ["", *(f"{number}. {hint}" for number, hint in enumerate(texts.hints[: options.hints], 1))]
    lines += [f"- {case.id}: {case.tried}. {case.right}" for case in stage.cases] if options.cases else []
    return _say("\n".join(lines).rstrip())


def solution(options: argparse.Namespace) -> int:
    """Print what a stage adds to the shop, or write the whole file; tell the room that it was looked up."""
    text = track.solution(options.starter, options.stage)
    if options.write:
        if options.write.exists():
            text = track.with_settings_of(options.write.read_text(encoding="utf-8"), text)
        options.write.write_text(text, encoding="utf-8")
        _say(f"Written to {options.write}.")
    else:
        _say(text if options.whole else track.difference(options.starter, options.stage))
    own = options.write.with_name("merchant.toml") if options.write else None
    file = options.merchant or (own if own and own.exists() else None)
    try:
        room = room_of(Network(), load(file) if file else None, options.room, options.words)
    except MerchantFileError as error:
        return _say(str(error), 2)
    if room and (trouble := room.tell_looked_up(options.stage)):
        _say(trouble)
    return 0


def _say(text: str, status: int = 0) -> int:
    sys.stdout.write(f"{text}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workshop", description="Build a login with Vipps, stage by stage.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    numbers = range(len(track.stages()))

    one = commands.add_parser("start", help="write a starter into a new folder")
    one.add_argument("starter", choices=list(track.SHOPS))
    one.add_argument("folder", type=Path)
    one.set_defaults(run=start)

    one = commands.add_parser("show", help="list the stages, or show what one wants and what the checker tries")
    one.add_argument("stage", nargs="?", type=int, choices=numbers, metavar="STAGE")
    one.add_argument("--hints", type=int, choices=range(4), default=0, help="how many of the three hints")
    one.add_argument("--cases", action="store_true", help="list the checker's cases")
    one.add_argument("--lang", choices=LANGUAGES, default="en")
    one.set_defaults(run=show)

    commands.add_parser("check", help="run the stages in order, up to the first red one: check merchant.toml --upto 3")

    one = commands.add_parser("solution", help="show what a stage adds to the shop of the stage before")
    one.add_argument("stage", type=int, choices=numbers, metavar="STAGE")
    one.add_argument(
        "--in", dest="starter", choices=[name for name in track.SHOPS if track.SHOPS[name]], default="flask"
    )
    one.add_argument("--whole", action="store_true", help="show the whole file")
    one.add_argument("--write", type=Path, metavar="FILE", help="write the whole file")
    one.add_argument(
        "--merchant",
        type=Path,
        metavar="FILE",
        help="merchant.toml with your room, where the teacher sees that you looked; default: the one beside --write",
    )
    one.add_argument("--room", metavar="URL", default="", help="the address of a room, in place of merchant.toml's")
    one.add_argument("--words", default="", help="your three words in this room")
    one.set_defaults(run=solution)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

"""`flask fork`: a copy of this shop that is only a shop, under a name of its own.

parts    what is taken, what stays behind, and what changes on the way
tests    which tests a fork keeps: those that need nothing that stays behind
texts    the Norwegian texts that are still in use
own      the few files that a fork gets written for it
"""

from pathlib import Path

import click

from app.settings import ROOT
from demo.fork import own, parts, tests, texts

LONGEST_NAME = 40


@click.command()
@click.option("--name", required=True, help="What people will know the shop by, such as “My shop”.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def fork(name: str, folder: Path) -> None:
    """Write a copy without guide, simulator and demo data into an empty or new FOLDER."""
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise click.BadParameter(f"one line of 1 to {LONGEST_NAME} characters", param_hint="--name")
    target = folder.resolve()
    if target.is_relative_to(ROOT):
        raise click.BadParameter("choose a folder outside of this project", param_hint="FOLDER")
    if target.exists() and any(target.iterdir()):
        raise click.BadParameter(f"{folder} is not empty", param_hint="FOLDER")
    write(ROOT, target, name.strip())
    click.echo(f"{name.strip()} is in {folder}. There:\n")
    click.echo("  1. Say who you are in app/about.py, and read README.md.")
    click.echo("  2. Set what .env.example lists first: the keys of your sales unit, and SECRET_KEY.")
    click.echo("  3. make test, make run; then flask --app wsgi doctor, to hear what is missing.")


def write(source: Path, target: Path, name: str) -> None:
    """Write the fork of a source tree into a folder that has nothing of it yet."""
    taken = {path: parts.changed(path, (source / path).read_bytes()) for path in parts.taken(source)}
    for path in tests.left_behind(taken):
        del taken[path]
    taken.update(own.files(name))
    for path, content in taken.items():
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod((source / path).stat().st_mode if (source / path).exists() else 0o644)
    texts.keep_used(target)

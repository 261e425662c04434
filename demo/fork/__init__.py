"""`flask fork`: write a copy of this shop without the demo and the guide, under a name of its own.

selection    the files that a fork takes
identity     the files that are written for it: name, README, mark
requirements the packages that it needs
"""

import os
import shutil
import subprocess
from pathlib import Path

import click

from app.settings import ROOT
from demo.fork import identity, requirements, selection

MAX_NAME_LENGTH = 40


@click.command()
@click.option("--name", required=True, help="The shop's name for customers, such as “My shop”.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def fork(name: str, folder: Path) -> None:
    """Write a copy without guide and demo into an empty or new FOLDER; the simulator and the tests come along."""
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_LENGTH:
        raise click.BadParameter(f"one line of 1 to {MAX_NAME_LENGTH} characters", param_hint="--name")
    target = folder.resolve()
    if target.is_relative_to(ROOT):
        raise click.BadParameter("choose a folder outside of this project", param_hint="FOLDER")
    if target.exists() and any(target.iterdir()):
        raise click.BadParameter(f"{folder} is not empty", param_hint="FOLDER")
    write(ROOT, target, name.strip())
    commit(target, identity.commit_of(ROOT))
    click.echo(f"{name.strip()} is in {folder}, a Git repository with one commit. There:\n")
    click.echo("  1. make run: the shop with sample products, and the simulator beside it.")
    click.echo("  2. Say who you are in app/about.py, and read README.md.")
    click.echo("  3. make test; then flask --app wsgi doctor, to see what is missing to go live.")


def write(source: Path, target: Path, name: str) -> None:
    """Write the fork of a source tree into a folder that is empty or does not exist."""
    files = {path: selection.content(source, path) for path in selection.taken(source)}
    files.update(requirements.cut(files))
    files.update(identity.files(name, identity.commit_of(source)))
    for path in ("pyproject.toml", "uv.lock"):
        files[path] = identity.renamed(files[path], name)
    for path, content in files.items():
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod((source / path).stat().st_mode)


def commit(folder: Path, upstream: str) -> None:
    """Make a Git repository of a fork, with one commit that names the upstream commit; nothing without Git."""
    if not (git := shutil.which("git")):
        return
    message = f"Fork from upstream commit {upstream}"
    author = ("-c", "user.name=flask fork", "-c", "user.email=fork@localhost", "-c", "commit.gpgsign=false")
    # A Git hook or alias that runs this names its own repository in the environment: the commit would go there.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        (*author, "commit", "--quiet", "--no-verify", "-m", message),
    ):
        subprocess.run([git, *command], cwd=folder, env=environ, check=True)  # noqa: S603 - no outside input

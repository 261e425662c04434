"""What a fork takes of this project, and what changes on the way.

What it takes is listed, and of each folder only the kinds of files that belong there, so that a database, a key or an
`.env` that lies about is never copied. A file may have regions between lines that say `stage: begin` and `stage: end`:
they stay behind, and what is around them is whole without them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

# Files, and folders with the ends of the names that are taken of them.
TAKEN: dict[str, tuple[str, ...]] = {
    ".ci": ("/run",),
    ".env.example": (),
    ".gitignore": (),
    "Makefile": (),
    "app": (".py", ".po", ".mo", "/common_passwords.txt"),
    "gunicorn.conf.py": (),
    "migrations": (".py", ".ini", ".mako"),
    "pyproject.toml": (),
    "requirements-dev.txt": (),
    "requirements.txt": (),
    "static": (".css", ".svg", ".woff2", "-OFL.txt"),
    "templates": (".html", ".txt"),
    "tests": (".py", ".toml"),
    "tools": (".sh",),
    "wsgi.py": (),
}
LEFT = (
    "app/guide",
    "demo",
    "samples",
    "simulator",
    # What they look like.
    "static/css/checklist.css",
    "static/css/error_playground.css",
    "static/css/code.css",
    "static/css/compare.css",
    "static/css/demo.css",
    "static/css/guide.css",
    "static/css/inspector.css",
    "static/css/sequence.css",
    "static/products",
    "templates/demo",
    "templates/guide",
    # For the browser tests, which all need the simulator.
    "tools/chromium.sh",
    # Of a Dockerfile and a compose.yaml that have the simulator in them.
    "tests/test_delivery.py",
)
# A few words that another default makes untrue: each stands in its file once, or the fork is not written.
SWAPPED = {
    ".env.example": (
        ("None is needed for the demo. A wrong", "The first few have to be set. A wrong"),
        ("VIPPS_ENVIRONMENT=simulator\n", "VIPPS_ENVIRONMENT=test\n"),
    ),
    "Makefile": (
        (" and the simulator on http://localhost:8001\n", "\n"),
        ("environment, the database and the demo data\n", "environment and the database\n"),
        ("setup --demo\n", "setup\n"),
        (", in Chromium as well\n", "\n"),
    ),
    "app/settings.py": (('"production"] = "simulator"\n', '"production"] = "test"\n'),),
    "gunicorn.conf.py": (
        ("shop and the simulator are", "shop is"),
        ("wsgi:app`, `gunicorn wsgi:simulator`", "wsgi:app`"),
    ),
}
REGION = re.compile(r"^[^\n]*\bstage: begin\b.*?\bstage: end\b[^\n]*\n", re.MULTILINE | re.DOTALL)


def taken(root: Path) -> Iterator[str]:
    """Yield the files to take, as paths from the root; no links, nothing hidden, no kind that is not listed."""
    for name, ends in TAKEN.items():
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            relative = path.relative_to(root).as_posix()
            if path.is_file() and not path.is_symlink() and not is_left(relative) and _belongs(relative, name, ends):
                yield relative


def is_left(path: str) -> bool:
    """Tell whether a path is, or is in, something that stays behind."""
    return any(path == each or path.startswith(f"{each}/") for each in LEFT)


def changed(path: str, content: bytes) -> bytes:
    """Return a file as a fork has it; raises `ValueError` if what should change in it is not there."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    text, regions = REGION.subn("", text)
    text = text.rstrip("\n") + "\n" if regions else text
    if "stage: begin" in text or "stage: end" in text:
        raise ValueError(f"{path}: a region of the stage has no beginning or no end")
    for old, new in SWAPPED.get(path, ()):
        if text.count(old) != 1:
            raise ValueError(f"{path}: {old!r} stands in it {text.count(old)} times")
        text = text.replace(old, new)
    return text.encode()


def left_modules() -> tuple[str, ...]:
    """Return the names of the Python modules and packages that stay behind."""
    return ("app.guide", "demo", "samples", "simulator")


def _belongs(path: str, top: str, ends: tuple[str, ...]) -> bool:
    below = path.removeprefix(top)
    return not below or (below.endswith(ends) and "/." not in below)

"""Select the files of a fork: everything but the demo, the guide and what only these need.

Of each folder only the listed kinds of files are taken, so that a database, a key or an `.env` in it is never copied.
"""

import re
from collections.abc import Iterator
from pathlib import Path

# Files, and folders with the endings of the file names that are taken from them.
TAKEN: dict[str, tuple[str, ...]] = {
    ".ci": ("/run",),
    ".devcontainer": ("/devcontainer.json",),
    ".dockerignore": (),
    ".env.example": (),
    ".github": ("/dependabot.yml", "/workflows/test.yml"),
    ".gitignore": (),
    ".pre-commit-config.yaml": (),
    "Dockerfile": (),
    "LICENSE": (),
    "Makefile": (),
    "Procfile": (),
    "app": (".py", ".po", ".mo", ".toml", "/common_passwords.txt", "/countries.csv"),
    "compose.demo.yaml": (),
    "compose.yaml": (),
    "deploy": ("/Caddyfile", ".caddy", ".sh", ".py"),
    "gunicorn.conf.py": (),
    "migrations": (".py", ".ini", ".mako"),
    "pyproject.toml": (),
    "requirements-dev.txt": (),
    "requirements.txt": (),
    "samples": (".py", "/products.json"),
    "simulator": (
        ".py", ".html", ".css", ".svg", ".po", ".mo", ".md", ".mjs", ".http", ".toml", "/babel.cfg", "/persons.json",
        "/Dockerfile", "/curl.sh", "/github-actions.yml",
        "tests/data/discovery.json", "tests/data/id_token.json", "tests/data/jwks.json", "tests/data/token.json",
        "tests/data/userinfo.json",
    ),
    "static": (".css", ".js", ".svg", ".png", ".ico", ".woff2", "-OFL.txt"),
    "templates": (".html", ".txt"),
    "tests": (".py", "/cases.toml", "/search_queries.toml"),
    "tools": (".sh", "/icons.py", "/setup.py", "/wheelhouse.py"),
    "uv.lock": (),
    "wsgi.py": (),
}  # fmt: skip
LEFT = (
    ".github/ISSUE_TEMPLATE",
    ".github/pull_request_template.md",
    "app/guide",
    "demo",
    "static/css/demo.css",
    "static/css/guide.css",
    "static/js/live_login.js",
    "static/js/guide.js",
    "static/js/workshop.js",
    "templates/guide",
    "tests/browser/test_guide.py",
    "tests/demo",
    "tests/guide",
    "tests/test_fork.py",
    "tests/test_readme.py",
)  # fmt: skip
# Two files are about all parts, so lines of the demo and the guide are marked in them.
MARKED = ("Makefile", "pyproject.toml")
REGION = re.compile(r"^[^\n]*\bdemo-only: begin\b.*?\bdemo-only: end\b[^\n]*\n", re.MULTILINE | re.DOTALL)


def taken(root: Path) -> Iterator[str]:
    """Yield the files to take as paths from the root: no links, no hidden files, only the listed kinds."""
    for name, ends in TAKEN.items():
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            relative = path.relative_to(root).as_posix()
            if path.is_file() and not path.is_symlink() and not is_left(relative) and _is_listed(relative, name, ends):
                yield relative


def is_left(path: str) -> bool:
    """Tell whether a path stays behind, or lies in a folder that does."""
    return any(path == each or path.startswith(f"{each}/") for each in LEFT)


def content(root: Path, path: str) -> bytes:
    """Return a file as a fork has it."""
    written = (root / path).read_bytes()
    return REGION.sub("", written.decode()).encode() if path in MARKED else written


def _is_listed(path: str, top: str, endings: tuple[str, ...]) -> bool:
    below = path.removeprefix(top)
    return not below or (below.endswith(endings) and "/." not in below)

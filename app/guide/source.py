"""Find places in the running source by name, and show places and whole files in colour.

The name of a place is `app.vipps.id_token:validate` (a module and a name in it), `tests/test_web.py::test_…` (a file
and a function), or a file's path. The source is read, not imported. Only the project's own text files can be shown: no
settings, no database, no generated files, no files outside the project.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import dedent

from flask import url_for
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from app.guide import tables
from app.guide.code_terms import breakable

ROOT = Path(__file__).resolve().parents[2]
_TABLE = tables.load("source_files.toml", "shown", "lexers", "fences")
LEXERS = _TABLE["lexers"]


@dataclass(frozen=True)
class Place:
    """Some lines of a file: `path` from the project's root, `first` the number of the first line, from 1."""

    path: str
    first: int
    text: str


@lru_cache(maxsize=1)
def files() -> frozenset[str]:
    """Return the files that can be shown. A link that leads out of the project is not followed."""
    found = (path for pattern in _TABLE["shown"] for path in ROOT.glob(pattern))
    return frozenset(
        path.relative_to(ROOT).as_posix() for path in found if path.is_file() and path.resolve().is_relative_to(ROOT)
    )


@lru_cache(maxsize=512)
def find(name: str) -> Place:
    """Return the place with this name; raise `LookupError` if there is none."""
    if "::" in name:
        path, _, function = name.partition("::")
        return _in_module(path, [function])
    if ":" in name:
        module, _, symbol = name.partition(":")
        base = module.replace(".", "/")
        path = f"{base}.py" if f"{base}.py" in files() else f"{base}/__init__.py"
        return _in_module(path, symbol.split("."))
    return Place(name, 1, read(name))


def read(path: str) -> str:
    """Return a file's text; raise `LookupError` for a file that is not shown."""
    if path not in files():
        raise LookupError(f"{path}: no such file of this project")
    return (ROOT / path).read_text(encoding="utf-8")


def line_of(name: str, words: str) -> int:
    """Return the number of the line with this text in a place; raise `LookupError` unless exactly one line has it."""
    place = find(name)
    found = [number for number, line in enumerate(place.text.splitlines(), start=place.first) if words in line]
    if len(found) != 1:
        raise LookupError(f"{name}: {len(found)} lines have {words!r}")
    return found[0]


def url(name: str, words: str = "") -> str:
    """Return the address of a place in its file, or of the line in the place that has this text."""
    place = find(name)
    first = line_of(name, words) if words else place.first
    return f"{url_for('guide.show_source', path=place.path)}#L{first}"


def show(name: str) -> Markup:
    """Return a place in colour, with its file and line."""
    place = find(name)
    where = Markup('<a href="{}"><code>{}</code>, line\xa0{}</a>').format(url(name), breakable(place.path), place.first)
    code = Markup('<pre tabindex="0"><code>{}</code></pre>').format(highlighted(dedent(place.text), _kind(place.path)))
    return Markup('<figure class="source"><figcaption>{}</figcaption>{}</figure>').format(where, code)


def language(path: str) -> str:
    """Return a file's language, as a fenced block of Markdown names it."""
    return str(_TABLE["fences"].get(_kind(path)) or LEXERS.get(_kind(path), "text"))


@lru_cache(maxsize=64)
def numbered_lines(path: str) -> Mapping[int, Markup]:
    """Return a whole file, line by line, in colour."""
    parts = str(highlighted(read(path), _kind(path))).rstrip("\n").split("\n")
    return {number: Markup(line) for number, line in enumerate(parts, start=1)}  # noqa: S704 - by Pygments


@lru_cache(maxsize=512)
def highlighted(text: str, kind: str) -> Markup:
    """Return code as HTML with colours by class; no element spans the end of a line."""
    lexer = get_lexer_by_name(LEXERS.get(kind, "text"), stripnl=False)
    try:
        return Markup(highlight(text, lexer, HtmlFormatter(nowrap=True)))  # noqa: S704 - Pygments escapes
    except Exception:  # a lexer failed: show the code without colours
        return Markup.escape(text)


def _kind(path: str) -> str:
    """Return the suffix of a file, or its name if it has no suffix; it determines the language."""
    return Path(path).suffix or Path(path).name


def _in_module(path: str, names: list[str]) -> Place:
    text = read(path)
    body: list[ast.stmt] = ast.parse(text).body
    node: ast.stmt | None = None
    for name in names[:2]:
        node = next((each for each in body if _defines(each, name)), None)
        if node is None:
            raise LookupError(f"{path}: there is no {name}")
        body = getattr(node, "body", [])
    if node is None:
        raise LookupError(f"{path}: no name was given")
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return Place(path, first, "\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n")


def _defines(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)

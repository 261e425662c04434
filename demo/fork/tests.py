"""Which tests a fork keeps: all that need nothing that stays behind, found by reading them.

A file under `tests/` stays behind if its folder is named as a part that does, or if, without its marked regions, it
names a module that stays behind, imports a file that does, or asks for a fixture that only such a file defines.
Helpers stay with the tests that import them.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import PurePosixPath

from demo.fork import parts


@dataclass(frozen=True)
class Read:
    """What was read of a file: the modules it imports, the fixtures it asks for and those it defines."""

    path: str
    text: str
    imports: frozenset[str]
    asks: frozenset[str]
    defines: frozenset[str]

    @cached_property
    def module(self) -> str:
        """Return the file's name as a module."""
        return ".".join(PurePosixPath(self.path).with_suffix("").parts).removesuffix(".__init__")


def left_behind(files: Mapping[str, bytes]) -> set[str]:
    """Return which of the files under `tests/` stay behind."""
    code = [path for path in files if path.startswith("tests/") and path.endswith(".py")]
    every = [read(path, files[path].decode()) for path in code]
    names = re.compile(r"\bapp\.guide\b")
    mirrored = tuple(f"tests/{part.removeprefix('app/')}/" for part in parts.LEFT if part.startswith("app/"))
    left = {
        each.path
        for each in every
        if each.path.startswith(mirrored) or names.search(each.text) or _imports(each, parts.left_modules())
    }
    while more := {each.path for each in every if each.path not in left and _needs(each, every, left)}:
        left |= more
    left |= _unused(every, left)
    kept = (PurePosixPath(path) for path in code if path not in left)
    gone = partial(_has_no, {path.parent for path in kept if path.name != "__init__.py"})
    return left | {path for path in files if path.startswith("tests/") and gone(PurePosixPath(path))}


def read(path: str, text: str) -> Read:
    """Read a file of the tests."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    fixtures = [node for node in functions if any("fixture" in ast.unparse(each) for each in node.decorator_list)]
    asking = fixtures + [node for node in functions if node.name.startswith("test_")]
    asks = {argument.arg for node in asking for argument in node.args.args}
    asks |= set(re.findall(r'getfixturevalue\("(\w+)"\)', text))
    if re.search(r"\bdemo=True\b", text):
        asks.add("demo_database")
    return Read(path, text, frozenset(_imported(tree)), frozenset(asks), frozenset(node.name for node in fixtures))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _imports(each: Read, modules: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for name in each.imports for module in modules)


def _needs(each: Read, every: Iterable[Read], left: set[str]) -> bool:
    """Tell whether a file needs one that stays behind, by importing it or by a fixture in its reach."""
    gone = [other for other in every if other.path in left]
    if _imports(each, [other.module for other in gone]):
        return True
    in_reach = [other for other in gone if _reaches(other.path, each.path)]
    return bool(each.asks & frozenset().union(*(other.defines for other in in_reach)))


def _reaches(source: str, path: str) -> bool:
    """Tell whether fixtures of a file are there for another: a plugin's for all, a conftest's for its folder."""
    place = PurePosixPath(source)
    if place.name == "conftest.py":
        return PurePosixPath(path).is_relative_to(place.parent)
    return len(place.parts) == 2 and not place.name.startswith("test_")


def _unused(every: Iterable[Read], left: set[str]) -> set[str]:
    """Return the helpers that no kept test imports any more, not even over another helper."""
    kept = [each for each in every if each.path not in left]
    used = {each.path for each in kept if PurePosixPath(each.path).name.startswith(("test_", "conftest", "__init__"))}
    while more := {
        each.path
        for each in kept
        if each.path not in used and any(_imports(other, [each.module]) for other in kept if other.path in used)
    }:
        used |= more
    return {each.path for each in kept} - used


def _has_no(folders: set[PurePosixPath], path: PurePosixPath) -> bool:
    """Tell whether a package has no code in it or below, or other files have none beside or above them."""
    above = set() if path.suffix == ".py" else {path.parent.parent} - {PurePosixPath("tests")}
    return not any(folder.is_relative_to(path.parent) or folder in above for folder in folders)

"""Read the guide's tables: TOML files in `data/`, each row as a frozen dataclass.

A table is checked when it is read: an unknown key, a missing one or a value of another type raises `ValueError`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

Row = TypeVar("Row")
FOLDER = Path(__file__).parent / "data"


def load(name: str | Path, *keys: str) -> Mapping[str, Any]:
    """Return a file of `data/`, or of another path; it must have exactly these top-level keys."""
    table = tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
    _check_keys(str(name), table, required=set(keys), allowed=set(keys))
    return table


def row(kind: type[Row], table: Mapping[str, Any], **built: Any) -> Row:
    """Return one row as a dataclass; `built` has the fields that the caller has already built."""
    known = fields(kind)  # type: ignore[arg-type]  # a dataclass, which typing cannot say of a type variable
    required = {each.name for each in known if each.default is MISSING and each.default_factory is MISSING}
    where = f"{kind.__name__} {next(iter(table.values()), '')!r}"
    _check_keys(where, table, required - set(built), {each.name for each in known})
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    for each in known:
        if each.type is str and not isinstance(values.get(each.name, ""), str):
            raise ValueError(f"{where}: {each.name} is not a text")
    return kind(**{**values, **built})


def rows(kind: type[Row], tables: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Return many rows, in their order."""
    return tuple(row(kind, each) for each in tables)


def _check_keys(where: str, table: Mapping[str, Any], required: set[str], allowed: set[str]) -> None:
    if missing := required - set(table):
        raise ValueError(f"{where}: {', '.join(sorted(missing))} is missing")
    if unknown := set(table) - allowed:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is unknown")

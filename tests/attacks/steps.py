"""Steps of the attacks: list every address of the shop, and dump and compare the database."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from app.database import db
from tests.tables import tables_in

# A value for each variable part of an address. Add a value here for each new variable part.
VALUES: Mapping[str, str] = {
    "activity_id": "1", "code": "nb", "customer_id": "1", "endpoint": "shop.home", "filename": "brand/mark.svg",
    "key": "log-in", "name": "cancelled", "number": "1", "path": "wsgi.py", "session_id": "1", "token": "t" * 43,
}  # fmt: skip
SLUGS = {
    "shop.product": "enamel-mug", "guide.show": "the-idea", "guide.show_markdown": "the-idea",
    "teaching.show": "handbook",
}  # fmt: skip


def every_rule(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Yield every address with its variable parts filled in."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        yield rule, address(rule)


def rules(app: Flask, method: str = "GET") -> Iterator[tuple[Rule, str]]:
    """Yield every address that takes this method, with its variable parts filled in."""
    return ((rule, path) for rule, path in every_rule(app) if method in (rule.methods or ()))


def address(rule: Rule) -> str:
    values = {name: SLUGS[rule.endpoint] if name == "slug" else VALUES[name] for name in rule.arguments}
    built = rule.build(values)
    assert built is not None, rule
    return built[1]


def dump(app: Flask) -> dict[str, list[Any]]:
    """Return every row of every table, also of tables without a model."""
    with app.app_context():
        db.session.rollback()
        found = tables_in(db.session.connection())
        return {
            name: sorted(tuple(map(repr, row)) for row in db.session.execute(select(table)))
            for name, table in found.tables.items()
        }


def difference(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the rows that were added or removed, by table."""
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return {name: sorted(set(before.get(name, [])) ^ set(after.get(name, []))) for name in changed}

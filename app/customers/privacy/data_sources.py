"""Who holds personal data: the registry that export, erasure and retention go through.

The parts above the accounts (the shop, the back office) register themselves at the start, so the accounts need not
know that they exist. What the database deletes along with a customer, by its foreign keys, needs no `erase`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, Table, delete, select

from app.customers.models import Customer
from app.database import Base, db

REGISTRY = "holders_of_personal_data"
# Of one kind, the newest: far more than a person ever has, and few enough to be handed over in one file.
MAX_ROWS = 10_000


@dataclass(frozen=True)
class Rule:
    """Rows that are forgotten by themselves once `due` holds of them, by deleting them or as `forget` does.

    `forget` gets the keys of some of them, inside a transaction that the caller commits. A table that is made at its
    first use `is_there` from then on.
    """

    kind: str
    table: Table
    due: Callable[[datetime], ColumnElement[bool]]
    forget: Callable[[Sequence[int]], object]
    is_there: Callable[[], bool] = lambda: True

    def keys(self, now: datetime) -> Select[int]:
        """Return the statement that finds the keys of the rows whose time has come."""
        return select(self.table.c.id).where(self.due(now))


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A kind of personal data. `name` is its member in the export, `title` its heading, `labels` its members' words.

    `export` returns what there is about a customer: objects, lists, texts, numbers, moments. `erase` takes the person
    out of it. `in_use` is the condition under which a customer has something here that an unused account never has.
    """

    name: str
    title: object
    export: Callable[[Customer], Any] | None = None
    erase: Callable[[Customer], object] | None = None
    rules: Sequence[Rule] = ()
    labels: Mapping[str, object] = field(default_factory=dict)
    in_use: Callable[[], ColumnElement[bool]] | None = None


def register(app: Flask, holder: DataSource) -> None:
    """Add a holder; they are asked in the order in which they came."""
    app.extensions.setdefault(REGISTRY, []).append(holder)


def registered() -> Sequence[DataSource]:
    """Return the holders of the running app."""
    return cast(Sequence[DataSource], current_app.extensions[REGISTRY])


def deletes(
    kind: str,
    model: type[Base] | Table,
    due: Callable[[datetime], ColumnElement[bool]],
    is_there: Callable[[], bool] = lambda: True,
) -> Rule:
    """Return the rule that deletes rows."""
    table = table_of(model)
    return Rule(kind, table, due, lambda keys: db.session.execute(delete(table).where(table.c.id.in_(keys))), is_there)


def table_of(model: type[Base] | Table) -> Table:
    """Return the table of a model."""
    return model if isinstance(model, Table) else cast(Table, model.__table__)


def rows(model: Any, customer: Customer, *names: str) -> list[dict[str, Any]]:
    """Return these columns of a customer's rows in a table, the newest first."""
    mine = select(model).where(model.customer_id == customer.id).order_by(model.id.desc()).limit(MAX_ROWS)
    return [columns(row, *names) for row in db.session.scalars(mine)]


def columns(row: Any, *names: str) -> dict[str, Any]:
    """Return these columns of a row."""
    return {name: getattr(row, name) for name in names}

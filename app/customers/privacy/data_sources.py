"""The registry of personal data that export, erasure and retention go through.

The shop and the back office register their own sources at the start, so the accounts need not know them. Rows that the
database deletes with their customer, by foreign keys, need no `erase`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, Table, delete, select

from app.customers.models import Customer
from app.database import Base, db
from app.text_tables import branded, text_table

REGISTRY = "holders_of_personal_data"
# The export has the newest rows of each kind: far more than a customer ever has, and few enough for one file.
MAX_ROWS = 10_000

Due = Callable[[datetime], ColumnElement[bool]]


@dataclass(frozen=True)
class Rule:
    """The rows of a table that match `due` are deleted or cleared; `forget` does this for the keys of a batch.

    `is_there` tells whether the table exists: some tables are created at their first use.
    """

    kind: str
    table: Table
    due: Due
    forget: Callable[[Sequence[int]], object]
    is_there: Callable[[], bool] = lambda: True

    def keys(self, now: datetime) -> Select[int]:
        """Return the statement that finds the keys of the rows that are due."""
        return select(self.table.c.id).where(self.due(now))


@dataclass(frozen=True)
class DataSource:
    """A kind of personal data. `name` is its key in the export; the package's `texts.toml` has its title.

    `export` returns the data about a customer: objects, lists, texts, numbers, timestamps. `erase` removes the customer
    from the data. `in_use` matches the customers whose data here shows that they use their account.
    """

    name: str
    package: str = "customers"
    export: Callable[[Customer], Any] | None = None
    erase: Callable[[Customer], object] | None = None
    rules: Sequence[Rule] = ()
    in_use: Callable[[], ColumnElement[bool]] | None = None

    @property
    def title(self) -> str:
        """Return the heading of this kind of data, in the language of the page."""
        return branded(text_table(self.package, "data_titles")[self.name])


def register(app: Flask, *sources: DataSource) -> None:
    """Add data sources. They are used in the order of registration."""
    app.extensions.setdefault(REGISTRY, []).extend(sources)


def registered() -> Sequence[DataSource]:
    """Return the data sources of the running app."""
    return cast(Sequence[DataSource], current_app.extensions[REGISTRY])


def deletes(kind: str, model: type[Base] | Table, due: Due, is_there: Callable[[], bool] = lambda: True) -> Rule:
    """Return the rule that deletes rows."""
    table = table_of(model)
    return Rule(kind, table, due, lambda keys: db.session.execute(delete(table).where(table.c.id.in_(keys))), is_there)


def table_of(model: type[Base] | Table) -> Table:
    """Return the table of a model."""
    return model if isinstance(model, Table) else cast(Table, model.__table__)


def newest_of(model: Any, customer: Customer) -> Sequence[Any]:
    """Return a customer's rows in a table, the newest first."""
    rows = select(model).where(model.customer_id == customer.id).order_by(model.id.desc()).limit(MAX_ROWS)
    return db.session.scalars(rows).all()


def exports(model: Any, *names: str) -> Callable[[Customer], list[dict[str, Any]]]:
    """Return the export of these columns of a customer's rows in a table."""
    return lambda customer: [columns(row, *names) for row in newest_of(model, customer)]


def columns(row: Any, *names: str) -> dict[str, Any]:
    """Return these columns of a row."""
    return {name: getattr(row, name) for name in names}

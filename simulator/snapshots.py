"""Takes a snapshot of a world's whole data as JSON, and restores one: keys, persons, merchants, logins, consents.

A snapshot fits every database, and every world of the same version. It is for test data: it has private keys in it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from . import seed
from .config import MerchantConfig
from .database import Base, Stamp, UtcDateTime

MAX_BYTES = 16 * 1024 * 1024


def take(session: Session) -> dict[str, Any]:
    """Return all rows by table, and the schema that they have."""
    rows = {
        table.name: [[_to_json(value) for value in row] for row in session.execute(select(table))]
        for table in Base.metadata.sorted_tables
        if table.name != Stamp.__tablename__
    }
    return {"schema": seed.stamp(), "tables": rows}


def restore(session: Session, snapshot: dict[str, Any]) -> None:
    """Replace all data by that of a snapshot; raise ValueError if it does not fit; the transaction must end then."""
    tables = [table for table in Base.metadata.sorted_tables if table.name != Stamp.__tablename__]
    rows = snapshot.get("tables")
    if snapshot.get("schema") != seed.stamp() or not isinstance(rows, dict) or set(rows) != {t.name for t in tables}:
        raise ValueError("snapshot: made by another version of the simulator")
    try:
        for table in reversed(tables):
            session.execute(delete(table))
        for table in tables:
            if found := [_from_json(table, row) for row in rows[table.name]]:
                session.execute(insert(table), found)
    except (SQLAlchemyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"snapshot: cannot be restored ({type(error).__name__})") from error
    session.expire_all()


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _from_json(table: Any, row: list[Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        column.name: datetime.fromisoformat(value) if value and isinstance(column.type, UtcDateTime) else value
        for column, value in zip(table.columns, row, strict=True)
    }
    if table.name == "sim_sales_unit":
        names = MerchantConfig.__dataclass_fields__
        MerchantConfig.from_json({name: value for name, value in values.items() if name in names})
        MerchantConfig.from_json(values["configured"])
    return values

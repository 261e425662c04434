"""Numbers of rows in the query of an address."""

from flask import request

from app.database import MAX_ID


def number_in_query(name: str) -> int | None:
    """Return the number of a row that the address names, or None if it names none that can be."""
    number = request.args.get(name, type=int)
    return number if number is not None and 0 < number <= MAX_ID else None

"""A customer's rights: a copy of their data, erasure, and retention.

Each part of the shop that keeps data about customers registers a `DataSource` (`data_sources`): what it is, how to
export it, how to erase it and how long to keep it. `export`, `erasure` and `retention` only go through that registry,
so a new part of the shop registers in one place.
"""

from flask import Flask

from app.customers.dates import format_period
from app.customers.privacy import account_data, data_sources


def init_app(app: Flask) -> None:
    """Begin the registry with what the accounts themselves keep."""
    app.add_template_filter(format_period)
    data_sources.register(app, *account_data.SOURCES)

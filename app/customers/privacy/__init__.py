"""A customer's rights: a copy of everything about them, erasure, and what is forgotten by itself.

Whoever keeps something about customers says so in the registry (`holders`): what it is, how it is handed over, how it
is erased and when it is forgotten. `export`, `erasure` and `retention` only go through that list, so that a part of the
shop that is new tomorrow has one place to register and nothing to forget.
"""

from flask import Flask

from app.customers.privacy import account_data, data_sources
from app.customers.privacy.labels import format_period


def init_app(app: Flask) -> None:
    """Begin the registry with what the accounts themselves keep."""
    app.add_template_filter(format_period)
    for holder in account_data.SOURCES:
        data_sources.register(app, holder)

"""The demo in a class: limits for thirty learners behind one address, and `flask workshop check` for the teacher."""

from flask import Flask

from app.security import size_for_a_class
from demo.staff import DEMO_EMAIL
from samples.customers import CUSTOMERS

# Thirty learners press a button five times in a minute, and log in to the back office three times in 15 minutes.
TIMES = 5


def size_limits(app: Flask) -> None:
    """Allow what a class does from one address, and any number of logins to the accounts with a published password."""
    size_for_a_class(app, TIMES, frozenset({row.email for row in CUSTOMERS} | {DEMO_EMAIL}))

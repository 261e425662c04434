"""The back office: staff look up customers, consents, decisions and deliveries, and each look is written down."""

from flask import Flask

from app.staff import models as models


def init_app(app: Flask) -> None:
    """Wire the back office into the app."""

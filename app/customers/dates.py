"""Dates as people write them, in the language of the page."""

from datetime import date

from flask_babel import format_date

from app.i18n import date_format, language


def date_in_words(date_of: date) -> str:
    """Write a date."""
    return str(format_date(date_of, date_format(language()), rebase=False))

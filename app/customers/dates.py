"""Dates and periods as people write them, in the language of the page."""

from datetime import date, timedelta

from flask_babel import format_date, ngettext

from app.i18n import date_format, language

DAY, YEAR = timedelta(days=1), timedelta(days=365)
LEAP_DAYS = 2  # at most, in the periods of the law


def date_in_words(date_of: date) -> str:
    """Write a date."""
    return str(format_date(date_of, date_format(language()), rebase=False))


def format_period(period: timedelta) -> str:
    """Write how long a period is, in its largest whole unit: "3 years", "90 days", "15 minutes"."""
    years, rest = divmod(period, YEAR)
    if years and rest <= min(LEAP_DAYS, years) * DAY:
        return str(ngettext("%(num)s year", "%(num)s years", years))
    if not period % DAY:
        return str(ngettext("%(num)s day", "%(num)s days", period // DAY))
    if not period % timedelta(hours=1):
        return str(ngettext("%(num)s hour", "%(num)s hours", period // timedelta(hours=1)))
    return str(ngettext("%(num)s minute", "%(num)s minutes", period // timedelta(minutes=1)))

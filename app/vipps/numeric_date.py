"""Read times of tokens: seconds since 1970 as a JSON number (RFC 7519, section 2: NumericDate)."""

from datetime import UTC, datetime

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC).timestamp()  # before there was a Vipps
LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


def moment(value: object) -> datetime | None:
    """Return the time, or None if the value is not a number from 2015 to 2200. `True` is the number 1."""
    if not isinstance(value, (int, float)):
        return None
    return datetime.fromtimestamp(value, UTC) if EARLIEST <= value <= LATEST else None

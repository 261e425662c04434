"""Phone numbers: read as people type them, stored as digits with the country code, shown as people write them."""

import phonenumbers

from app.vipps.values import phone_digits

HOME = "NO"


def digits_of(text: str | None) -> str | None:
    """Return the digits of a number that exists, or None; without a country code it is Norwegian."""
    return phone_digits(text, HOME)


def readable(digits: str | None) -> str:
    """Write digits with their country code the way people do: `+47 90 00 00 11`; empty without a number."""
    try:
        number = phonenumbers.parse(f"+{digits or ''}")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

"""Telephone numbers: read as people type them, kept as digits with the country code, written as people like to read.

The digits are E.164 without the plus sign, which is also how Vipps gives a number (Vipps Login API guide: scopes).
"""

import phonenumbers

HOME = "NO"
# ITU-T E.164, section 6. The library knows longer ones, German service numbers for example; our columns do not.
MAX_DIGITS = 15


def digits_of(text: str | None) -> str | None:
    """Return the digits of a number that exists, or None; without a country code it is Norwegian."""
    try:
        number = phonenumbers.parse(text or "", HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return digits if len(digits) <= MAX_DIGITS else None


def readable(digits: str | None) -> str:
    """Write digits with their country code the way people do: `+47 90 00 00 11`; empty without a number."""
    try:
        number = phonenumbers.parse(f"+{digits or ''}")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

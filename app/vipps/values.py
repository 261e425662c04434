"""Read a value into its normal form, from a customer's form and from Vipps' claims.

Forms and claims use the same reader; otherwise one person could get two accounts. A value that cannot be read counts as
absent. It is never cut, because a shortened code is another code ("Denmark" is not DE, Germany). Vipps documents the
forms (Login API guide: scopes): an email address, an MSISDN, an ISO 3166-1 country code, an ISO 8601 date.
"""

import csv
import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import phonenumbers
from email_validator import EmailNotValidError, validate_email

MAX_EMAIL_LENGTH = 320
# Country code and number, digits only, no plus (ITU-T E.164, section 6). The columns hold 15 digits. Eight digits are a
# Norwegian or Danish number without its country code, and may look like a number of another country.
MSISDN = re.compile(r"[1-9][0-9]{8,14}")
COUNTRIES_FILE = Path(__file__).with_name("countries.csv")


def normal_email(value: object) -> str | None:
    """Return the address in its normal form, or None if no email can be sent to it.

    Two people must never share an account because two addresses look alike to one part of the code and not to another
    (the dotless i, a capital letter, a list of two addresses). The part before the @ is plain ASCII, the domain is in
    its ASCII form (IDNA: RFC 5890, RFC 5891), and the whole is in lower case. A plus-address and a dot stay, because
    only the mailbox's owner knows what they mean.
    """
    if not isinstance(value, str) or len(value) > MAX_EMAIL_LENGTH:
        return None
    try:
        # No DNS query: it would tell the resolver who is about to register, and fail when the network does.
        found = validate_email(value.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return found.ascii_email.lower() if found.ascii_email else None


def phone_digits(value: object, home: str | None = None) -> str | None:
    """Return a phone number's digits with its country code, or None.

    `home` is the country of a number without a country code (ISO 3166-1). Without `home`, which is for claims, digits
    alone are an MSISDN and must have a length that their country has: "90000018" is not a number of Turkey (90).
    """
    text = value.strip() if isinstance(value, str) else ""
    is_msisdn = home is None and MSISDN.fullmatch(text) is not None
    if home is None and not text.startswith(("+", "00")) and not is_msisdn:
        return None
    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", text) if not is_msisdn else f"+{text}", home)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    # Vipps has verified an MSISDN; a number that was typed must exist by the library's tables.
    if not (possible if is_msisdn else phonenumbers.is_valid_number(number)):
        return None
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return digits if MSISDN.fullmatch(digits) else None


def country_code(value: object) -> str | None:
    """Return a country's two letters of ISO 3166-1, given those, its three letters or its name; None if unknown.

    Names are known in English, Norwegian, Swedish, Danish and Finnish.
    """
    return _countries().get(" ".join(value.split()).casefold()) if isinstance(value, str) else None


def birthdate(value: object) -> date | None:
    """Return a date of birth between 1900 and today, or None."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
    return day if day and day.year >= 1900 and day <= datetime.now(UTC).date() else None


@cache
def _countries() -> dict[str, str]:
    """Return the two-letter code of every country by each of its codes and names, in lower case."""
    with COUNTRIES_FILE.open(encoding="utf-8", newline="") as file:
        return {form.casefold(): row[0] for row in csv.reader(file) for form in row if form}

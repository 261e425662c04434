"""Phone numbers: read as people type them, stored as digits with the country code, shown as people write them.

A newer verification of a number ends the older one: it has changed hands (GDPR, article 5(1)(d)).
"""

from datetime import datetime

import phonenumbers
from sqlalchemy import select, update

from app.customers.models import Customer
from app.database import db, utcnow
from app.logging import log
from app.vipps.values import phone_digits

HOME = "NO"


def digits_of(text: str | None) -> str | None:
    """Return the digits of a number that exists, or None. A number without a country code is Norwegian."""
    return phone_digits(text, HOME)


def readable(digits: str | None) -> str:
    """Write digits with their country code the way people do: `+47 900 00 011`; empty without a number."""
    try:
        number = phonenumbers.parse(f"+{digits or ''}")
    except phonenumbers.NumberParseException:
        return ""
    local = str(number.national_number)
    if number.country_code == 47 and len(local) == 8 and local[0] in "49":
        return f"+47 {local[:3]} {local[3:5]} {local[5:]}"  # Norwegians group a mobile number so, the library in pairs
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def is_verified_elsewhere_since(number: str, moment: datetime) -> bool:
    """Tell whether any customer has verified this number after the given time."""
    later = select(Customer.id).where(Customer.phone_number == number, Customer.phone_verified_at > moment)
    return db.session.scalar(later.limit(1)) is not None


def mark_verified(customer: Customer) -> None:
    """Record that Vipps has verified the customer's number, and end an older verification of it. The caller commits."""
    if customer.phone_verified_at is not None:
        return
    older = update(Customer).where(
        Customer.phone_number == customer.phone_number, Customer.phone_verified_at.is_not(None)
    )
    if db.session.execute(older.values(phone_verified_at=None)).rowcount:  # type: ignore[attr-defined]  # an update has a row count
        log.info("phone_verification_moved", customer=customer.id)
    customer.phone_verified_at = utcnow()

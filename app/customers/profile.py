"""What Vipps told us about a customer at the latest login, ready to be shown or offered at the checkout."""

from dataclasses import dataclass

import phonenumbers
from babel import Locale
from flask_babel import get_locale
from sqlalchemy import select

from app.customers.models import Customer, VippsLink, VippsProfile
from app.database import db

HOME = "NO"


@dataclass(frozen=True)
class Address:
    """A postal address as Vipps gives it; `street` may hold a line break before a unit or a c/o name."""

    type: str
    street: str
    postal_code: str
    region: str
    country: str

    def lines(self) -> list[str]:
        """Return the lines of the label; the country only when it is not Norway."""
        place = f"{self.postal_code} {self.region}"
        country = "" if self.country.upper() == HOME else _country_name(self.country)
        lines = [*self.street.splitlines(), place, country]
        return [line.strip() for line in lines if line.strip()]


def vipps_profile_of(customer: Customer) -> VippsProfile | None:
    """Return what Vipps said at the latest login of this customer, or None if Vipps never did."""
    return db.session.scalar(
        select(VippsProfile)
        .join(VippsProfile.link)
        .where(VippsLink.customer_id == customer.id)
        .order_by(VippsProfile.received_at.desc())
        .limit(1)
    )


def addresses_of(customer: Customer) -> list[Address]:
    """Return the addresses from Vipps, the person's default first; a part that is missing is an empty string."""
    profile = vipps_profile_of(customer)
    return [_address(parts) for parts in profile.addresses] if profile else []


def readable_phone(digits: str | None) -> str:
    """Write a number, given as digits with the country code, the way people do: `+47 90 00 00 11`."""
    try:
        number = phonenumbers.parse(f"+{digits or ''}")
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _address(parts: dict[str, str]) -> Address:
    names = ("type", "street", "postal_code", "region", "country")
    return Address(*(str(parts.get(name) or "") for name in names))


def _country_name(code: str) -> str:
    locale = get_locale() or Locale("en")
    return str(locale.territories.get(code.upper(), code))

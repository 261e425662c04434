"""The forms of the profile's page: the customer's own details, and what Vipps may do with them."""

from hashlib import sha256
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import DataRequired, Length

from app.customers.accounts import phone_number
from app.customers.accounts.address_form import AddressForm, country_choices
from app.customers.accounts.postal_address import OWN, POSTAL_DIGITS, country_name, from_parts, parts_of
from app.customers.models import Customer
from app.customers.profile.fields import Policy, local_values
from app.forms import Form, one_line


class DetailsForm(AddressForm):
    """The customer's own details, as they want them here."""

    name = StringField(
        _l("Name"), filters=[one_line], validators=[DataRequired(_l("Enter your name.")), Length(max=200)]
    )
    phone = StringField(_l("Phone"), filters=[one_line])
    shown = HiddenField()

    def __init__(self, customer: Customer) -> None:
        """Fill in what the customer has; an address from Vipps may be in a country that the shop does not send to."""
        self._kept = customer.address
        address = _in_one_line(self._kept) if self._kept else {"country": "NO"}
        super().__init__(data={"name": customer.name, "phone": phone_number.readable(customer.phone_number), **address})
        self._current = sha256(repr(local_values(customer)).encode()).hexdigest()[:16]
        country = (self._kept or {}).get("country")
        if country and country not in POSTAL_DIGITS:
            self.country.choices = [*country_choices(), (country, country_name(country))]

    def show(self) -> None:
        """Remember in the form which values it is about."""
        self.shown.data = self._current

    @property
    def is_about_now(self) -> bool:
        """Tell whether the customer saw the values of now: a login may have brought others since."""
        return bool(self.shown.data == self._current)

    @property
    def types_address(self) -> bool:
        """Tell whether a new delivery address is typed: all its fields may be empty, or left as they were."""
        return not self._leaves_address and any(field.data for field in (self.street, self.postal_code, self.region))

    @property
    def _leaves_address(self) -> bool:
        return bool(self._kept) and parts_of(self.typed_address(OWN)) == _in_one_line(self._kept or {})

    def values(self) -> dict[str, Any]:
        """Return what a valid form says, by the profile's fields; an address that was left alone keeps its lines."""
        address = self._kept if self._leaves_address else None
        if self.types_address:
            address = parts_of(self.typed_address(OWN))
        return {"name": self.name.data, "phone_number": phone_number.digits_of(self.phone.data), "address": address}


class PolicyForm(Form):
    """What a change at Vipps does here."""

    policy = RadioField(choices=list(Policy), validators=[DataRequired()])


def _in_one_line(address: dict[str, str]) -> dict[str, str]:
    """Return an address as it fits into a form: text fields have one line."""
    return {**parts_of(from_parts(address)), "street": ", ".join(str(address.get("street") or "").splitlines())}

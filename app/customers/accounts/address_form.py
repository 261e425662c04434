"""A form with a phone number and a postal address: the base class of the checkout's and the profile's forms.

The fields of the address are required only if the customer types an address; the form's `types_address` tells this.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField, StringField
from wtforms.validators import AnyOf, Length, StopValidation, ValidationError

from app.customers.accounts import phone_number
from app.customers.accounts.postal_address import PARTS, POSTAL_DIGITS, country_name, postal_code_fits
from app.forms import Form, one_line
from app.vipps.claims import Address


class IfTyped:
    """Require a part of the address if an address is typed; otherwise skip the field's checks."""

    # The template reads this flag and does not mark the field as optional.
    field_flags: Mapping[str, bool] = {"needed": True}

    def __init__(self, question: str) -> None:
        self.question = question

    def __call__(self, form: Any, field: Field) -> None:
        """Stop at the first error, or at once if no address is typed."""
        if not form.types_address:
            raise StopValidation
        if not field.data:
            raise StopValidation(str(self.question))


def country_choices() -> list[tuple[str, str]]:
    """Return the countries that the shop sends to, by code and name."""
    return [(code, country_name(code)) for code in POSTAL_DIGITS]


class AddressForm(Form):
    """The fields of an address. A subclass has a `phone`, and a `types_address` that tells if an address is typed."""

    types_address: Any

    street = StringField(
        _l("Street and number"), [IfTyped(_l("Enter the street and number.")), Length(max=200)], filters=[one_line]
    )
    postal_code = StringField(_l("Postal code"), [IfTyped(_l("Enter the postal code."))], filters=[one_line])
    region = StringField(_l("Town"), [IfTyped(_l("Enter the town.")), Length(max=100)], filters=[one_line])
    _served = AnyOf(POSTAL_DIGITS, _l("We deliver to Norway, Sweden, Denmark and Finland."))
    country = SelectField(
        _l("Country"), [IfTyped(_l("Choose the country.")), _served], choices=country_choices, validate_choice=False
    )

    def __iter__(self) -> Iterator[Field]:
        """Iterate the fields in the order of the page: the address follows the subclass's own fields."""
        return iter(sorted(super().__iter__(), key=lambda field: field.short_name in PARTS))

    def validate_postal_code(self, field: Field) -> None:
        """Accept as many digits as the postal codes of the chosen country have."""
        country = self.country.data or ""
        if (digits := POSTAL_DIGITS.get(country)) and not postal_code_fits(field.data or "", country):
            raise ValidationError(_("A postal code in that country has %(digits)s digits.", digits=digits))

    def validate_phone(self, field: Field) -> None:
        """Accept a number that exists, or an empty field. A number without a country code is Norwegian."""
        if field.data and phone_number.digits_of(field.data) is None:
            text = _("That is not a phone number. If it is not Norwegian, start with + and the country code.")
            raise ValidationError(text)

    def typed_address(self, kind: str) -> Address:
        """Return the address that was typed."""
        return Address(kind, *(self[part].data or "" for part in PARTS))

"""The form fields for a postal address: at the checkout, and on the profile's page.

The fields are required only if an address is typed; the form says so by `types_address`.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField, StringField
from wtforms.validators import AnyOf, Length, StopValidation, ValidationError

from app.customers.accounts.postal_address import PARTS, country_name
from app.forms import one_line
from app.vipps.claims import Address

# How many digits a postal code has in the countries that the shop sends to.
POSTAL_DIGITS = {"NO": 4, "SE": 5, "DK": 4, "FI": 5}


class IfTyped:
    """Require a part of the address when one is typed; otherwise do not look at it."""

    # Read by the template: the field is not marked as optional.
    field_flags: Mapping[str, bool] = {"needed": True}

    def __init__(self, question: str) -> None:
        self.question = question

    def __call__(self, form: Any, field: Field) -> None:
        """Stop at the first error, or at once if no address is typed."""
        if not form.types_address:
            raise StopValidation
        if not field.data:
            raise StopValidation(str(self.question))


class RightDigits:
    """Accept as many digits as the postal codes of the form's country have."""

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse any other postal code."""
        digits = POSTAL_DIGITS.get(form.country.data or "")
        code = (field.data or "").replace(" ", "")
        if digits and not (code.isascii() and code.isdigit() and len(code) == digits):
            raise ValidationError(_("A postal code in that country has %(digits)s digits.", digits=digits))


def street_field() -> StringField:
    """Return the field for the street."""
    return StringField(
        _l("Street and number"),
        filters=[one_line],
        validators=[IfTyped(_l("Enter the street and number.")), Length(max=200)],
    )


def postal_code_field() -> StringField:
    """Return the field for the postal code."""
    return StringField(
        _l("Postal code"), filters=[one_line], validators=[IfTyped(_l("Enter the postal code.")), RightDigits()]
    )


def region_field() -> StringField:
    """Return the field for the town."""
    return StringField(_l("Town"), filters=[one_line], validators=[IfTyped(_l("Enter the town.")), Length(max=100)])


def country_field() -> SelectField:
    """Return the choice of a country that the shop sends to."""
    return SelectField(
        _l("Country"),
        choices=country_choices,
        validate_choice=False,
        validators=[
            IfTyped(_l("Choose the country.")),
            AnyOf(POSTAL_DIGITS, _l("We deliver to Norway, Sweden, Denmark and Finland.")),
        ],
    )


def country_choices() -> list[tuple[str, str]]:
    """Return the countries that the shop sends to, by code and name."""
    return [(code, country_name(code)) for code in POSTAL_DIGITS]


def typed_address(form: Any, kind: str) -> Address:
    """Return the address that was typed into a form's four fields."""
    return Address(kind, *(form[part].data or "" for part in PARTS))

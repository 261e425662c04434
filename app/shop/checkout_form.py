"""The checkout form: filled in from what the customer and Vipps said, checked, and turned into a recipient.

Every part of it can be changed, and a change stays in the order: it alters neither the account nor the Vipps profile.
The addresses from Vipps are a choice of radio buttons and are named by their place in the list, so the browser cannot
hand in an address text of its own under their name. An address is needed only when something is sent.
"""

import unicodedata
from collections.abc import Mapping, Sequence

import phonenumbers
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, DataRequired, Length, Optional, Regexp, StopValidation, ValidationError

from app.customers.email_address import normal_email
from app.customers.models import Customer, VippsProfile
from app.customers.profile import Address
from app.forms import Form
from app.shop.orders import Recipient

OTHER = "other"
# How many digits a postal code has in the countries that the shop sends to.
POSTAL_DIGITS = {"NO": 4, "SE": 5, "DK": 4, "FI": 5}
KEY_PATTERN = r"[A-Za-z0-9_-]{16,64}"


def tidy(text: str | None) -> str | None:
    """Return one line without control characters and without spaces at its ends."""
    if text is None:
        return None
    visible = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
    return " ".join(visible.split())


class IfTyped:
    """Require a part of the address when one is typed; otherwise do not look at it."""

    # Read by the template: the field is not marked as optional.
    field_flags: Mapping[str, bool] = {"needed": True}

    def __init__(self, question: str) -> None:
        self.question = question

    def __call__(self, form: "CheckoutForm", field: Field) -> None:
        """Stop at the first thing that is wrong, or at once if no address is typed."""
        if not form.types_address:
            raise StopValidation
        if not field.data:
            raise StopValidation(str(self.question))


class CheckoutForm(Form):
    """Who gets the order, where, and how it is paid."""

    name = StringField(
        _l("Full name"),
        filters=[tidy],
        validators=[DataRequired(_l("Tell us who the order is for.")), Length(max=200)],
    )
    email = StringField(
        _l("E-mail"),
        filters=[tidy],
        validators=[DataRequired(_l("We send the receipt by e-mail, so we need an address."))],
    )
    phone = StringField(
        _l("Mobile number"),
        filters=[tidy],
        validators=[DataRequired(_l("We text you when the parcel is on its way, so we need a number."))],
    )
    delivery = RadioField(
        _l("Delivery and payment"),
        choices=[
            SelectChoice("invoice", _l("Send it to me")),
            SelectChoice("pickup", _l("I’ll pick it up in the shop")),
        ],
        default="invoice",
        validators=[DataRequired(_l("Choose how you want it."))],
    )
    address = RadioField(_l("Where to?"), validate_choice=False)
    street = StringField(
        _l("Street and number"),
        filters=[tidy],
        validators=[IfTyped(_l("Which street and number?")), Length(max=200)],
    )
    postal_code = StringField(_l("Postal code"), filters=[tidy], validators=[IfTyped(_l("Which postal code?"))])
    region = StringField(_l("Town"), filters=[tidy], validators=[IfTyped(_l("Which town?")), Length(max=100)])
    country = SelectField(
        _l("Country"),
        choices=[
            SelectChoice("NO", _l("Norway")),
            SelectChoice("SE", _l("Sweden")),
            SelectChoice("DK", _l("Denmark")),
            SelectChoice("FI", _l("Finland")),
        ],
        validate_choice=False,
        validators=[
            IfTyped(_l("Which country?")),
            AnyOf(POSTAL_DIGITS, _l("We send to Norway, Sweden, Denmark and Finland.")),
        ],
    )
    key = HiddenField(validators=[Regexp(KEY_PATTERN + r"\Z", message=_l("Please send the form once more."))])
    shown_total = HiddenField(validators=[Optional(), Regexp(r"[0-9]{1,12}\Z")])

    def offer(self, addresses: Sequence[Address]) -> None:
        """Offer these addresses, the first one chosen, and always the possibility to type another."""
        self._addresses = addresses
        self._places = [*map(str, range(len(addresses))), OTHER]
        self.address.choices = [SelectChoice(place) for place in self._places]
        if not self.is_submitted():
            self.address.data = self._places[0]

    def validate_email(self, field: Field) -> None:
        """Accept what mail can be sent to, in the form in which the shop keeps it."""
        field.data = normal_email(field.data) or field.data
        if normal_email(field.data) is None:
            raise ValidationError(_("That does not look like an e-mail address. Check it for typos."))

    def validate_phone(self, field: Field) -> None:
        """Accept a number that exists; without a country code it is Norwegian."""
        if readable_phone(field.data) is None:
            raise ValidationError(
                _("That is no phone number. If it is not Norwegian, begin with + and the country code.")
            )

    def validate_address(self, field: Field) -> None:
        """Accept an address that was offered, if something is sent."""
        if self.delivery.data == "invoice" and field.data not in self._places:
            raise ValidationError(_("Choose one of the addresses."))

    def validate_postal_code(self, field: Field) -> None:
        """Accept as many digits as the country's postal codes have."""
        digits = POSTAL_DIGITS.get(self.country.data or "")
        code = (field.data or "").replace(" ", "")
        if digits and not (code.isascii() and code.isdigit() and len(code) == digits):
            raise ValidationError(_("A postal code there has %(digits)s digits.", digits=digits))

    @property
    def types_address(self) -> bool:
        """Tell whether the order is sent to an address that is typed here."""
        return bool(self.delivery.data == "invoice" and self.address.data == OTHER)

    def recipient(self) -> Recipient:
        """Return the recipient of a form that was found valid."""
        return Recipient(
            name=self.name.data or "",
            email=self.email.data or "",
            phone=readable_phone(self.phone.data) or "",
            delivery=self.delivery.data,
            address=tuple(self._chosen_address().lines()) if self.delivery.data == "invoice" else (),
        )

    def _chosen_address(self) -> Address:
        if self.address.data != OTHER:
            return self._addresses[int(self.address.data)]
        parts = (self.street, self.postal_code, self.region, self.country)
        return Address(OTHER, *(field.data or "" for field in parts))


def known_about(customer: Customer, profile: VippsProfile | None) -> dict[str, str]:
    """Return what the form can be filled in with: the customer's own words first, then what Vipps said."""
    number = customer.phone_number or (profile and profile.phone_number)
    return {
        "name": customer.name or (profile and profile.name) or "",
        "email": customer.email or (profile and profile.email) or "",
        # Vipps gives numbers with the country code and without the plus sign.
        "phone": (readable_phone("+" + number.removeprefix("+")) or number) if number else "",
    }


def readable_phone(text: str | None) -> str | None:
    """Return a phone number in international form, such as +47 912 34 567, or None if there is no such number."""
    try:
        number = phonenumbers.parse(text or "", "NO")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

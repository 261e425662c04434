"""The checkout form: prefilled with the customer's details and the Vipps profile, validated, and made a recipient.

The customer can change every field. A change stays in the order; it alters neither the account nor the Vipps profile.
The known addresses, the customer's own and those from Vipps, are radio buttons whose value is the position in the list,
so a forged value cannot pass another text off as a known address. An address is needed only if the order is sent.
"""

from collections.abc import Sequence
from hashlib import sha256

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, Length, Optional, Regexp, ValidationError

from app.customers.accounts import phone_number
from app.customers.accounts.address_form import AddressForm
from app.customers.accounts.postal_address import can_send_to, label_lines, parts_of
from app.customers.models import Customer, VippsProfile
from app.forms import one_line
from app.shop.orders import OrderRecipient
from app.vipps.claims import Address
from app.vipps.values import normal_email

OTHER = "other"
KEY_PATTERN = r"[A-Za-z0-9_-]{16,64}"


class CheckoutForm(AddressForm):
    """The recipient, the address, and the kind of delivery and payment."""

    name = StringField(
        _l("Full name"),
        filters=[one_line],
        validators=[DataRequired(_l("Enter the recipient’s name.")), Length(max=200)],
    )
    email = StringField(
        _l("Email"),
        filters=[one_line],
        validators=[DataRequired(_l("We send the receipt by email, so we need an address."))],
    )
    phone = StringField(
        _l("Mobile number"),
        filters=[one_line],
        validators=[DataRequired(_l("We text you when the parcel is on its way, so we need a number."))],
    )
    delivery = RadioField(
        _l("Delivery and payment"),
        choices=[SelectChoice("invoice", _l("Deliver to me")), SelectChoice("pickup", _l("Pick up in the shop"))],
        default="invoice",
        validators=[DataRequired(_l("Choose delivery or pick-up."))],
    )
    address = RadioField(_l("Delivery address"), validate_choice=False)
    key = HiddenField(validators=[Regexp(KEY_PATTERN + r"\Z", message=_l("Please send the form again."))])
    offered_as = HiddenField()
    shown_total = HiddenField(validators=[Optional(), Regexp(r"[0-9]{1,12}\Z")])

    def offer(self, addresses: Sequence[Address]) -> None:
        """Offer the addresses that the shop can send to, the first one selected, and the option to type another."""
        self.offered = [each for each in addresses if can_send_to(each)]
        self.fingerprint = sha256(repr(self.offered).encode()).hexdigest()[:16]
        self._places = [*map(str, range(len(self.offered))), OTHER]
        self.address.choices = [SelectChoice(place) for place in self._places]
        if not self.is_submitted():
            self.address.data = self._places[0]

    def validate_email(self, field: Field) -> None:
        """Accept a valid email address, and normalise it."""
        field.data = normal_email(field.data) or field.data
        if normal_email(field.data) is None:
            raise ValidationError(_("That does not look like an email address. Check it for typos."))

    def validate_address(self, field: Field) -> None:
        """If the order is sent, accept only an address that was offered; a login may have changed the list."""
        if self.delivery.data != "invoice" or field.data == OTHER:
            return
        if field.data not in self._places:
            raise ValidationError(_("Choose one of the addresses."))
        if self.offered_as.data != self.fingerprint:
            raise ValidationError(_("Your addresses have changed. Choose one of the addresses."))

    @property
    def types_address(self) -> bool:
        """Tell whether the order is sent to an address that the customer types here."""
        return bool(self.delivery.data == "invoice" and self.address.data == OTHER)

    def recipient(self) -> OrderRecipient:
        """Return the recipient; the form must be valid."""
        is_sent, is_typed = self.delivery.data == "invoice", self.address.data == OTHER
        chosen = self.typed_address(OTHER) if is_typed or not is_sent else self.offered[int(self.address.data)]
        return OrderRecipient(
            name=self.name.data or "",
            email=self.email.data or "",
            phone=phone_number.readable(phone_number.digits_of(self.phone.data)),
            delivery=self.delivery.data,
            address=tuple(label_lines(chosen)) if is_sent else (),
        )


def prefilled_values(customer: Customer, profile: VippsProfile | None, addresses: Sequence[Address]) -> dict[str, str]:
    """Return the initial values of the form: the customer's own details first, then the Vipps profile's."""
    number = customer.phone_number or (profile.phone_number if profile else None)
    # If the shop cannot send to the first address as it is, fill it into the fields for the customer to complete.
    parts = parts_of(addresses[0]) if addresses and not can_send_to(addresses[0]) else {}
    return {
        **{name: ", ".join(value.splitlines()) for name, value in parts.items()},
        "name": customer.name or (profile and profile.name) or "",
        "email": customer.email or (profile and profile.email) or "",
        "phone": phone_number.readable(number),
    }

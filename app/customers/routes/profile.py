"""The profile: the customer's own values, the values from Vipps, the choice between them, and the history."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import DataRequired, Length

from app.customers import account_activity, lookup
from app.customers.accounts import phone_number
from app.customers.accounts.address_form import AddressForm, country_choices
from app.customers.accounts.postal_address import OWN, POSTAL_DIGITS, country_name, from_parts, parts_of
from app.customers.linking.sign_in import in_one_transaction
from app.customers.models import Customer, Kind, VippsProfile
from app.customers.profile import change_history, descriptions, from_vipps
from app.customers.profile.fields import Policy, State, local_values, provider_values
from app.customers.profile.from_vipps import columns_of
from app.customers.sessions.session_cookie import login_required, required_customer
from app.database import begin_write, db
from app.forms import Form, one_line
from app.logging import log

TAKE, KEEP = "take", "keep"
ANSWER = re.compile(r"choice-([0-9]{1,9})")

bp = Blueprint("profile", __name__)


class DetailsForm(AddressForm):
    """The form for the customer's own values."""

    name = StringField(
        _l("Name"), filters=[one_line], validators=[DataRequired(_l("Enter your name.")), Length(max=200)]
    )
    phone = StringField(_l("Phone"), filters=[one_line])
    shown = HiddenField()

    def __init__(self, customer: Customer) -> None:
        """Fill in the customer's values. An address from Vipps may be in a country that the shop does not send to."""
        self._kept = customer.address
        address = _in_one_line(self._kept) if self._kept else {"country": "NO"}
        super().__init__(data={"name": customer.name, "phone": phone_number.readable(customer.phone_number), **address})
        self._current = sha256(repr(local_values(customer)).encode()).hexdigest()[:16]
        country = (self._kept or {}).get("country")
        if country and country not in POSTAL_DIGITS:
            self.country.choices = [*country_choices(), (country, country_name(country))]

    def show(self) -> None:
        """Store a hash of the shown values in the form."""
        self.shown.data = self._current

    @property
    def is_about_now(self) -> bool:
        """Tell whether the form showed the current values: a login may have changed them since."""
        return bool(self.shown.data == self._current)

    @property
    def types_address(self) -> bool:
        """Tell whether the customer typed a new delivery address, and did not leave its fields empty or unchanged."""
        return not self._leaves_address and any(field.data for field in (self.street, self.postal_code, self.region))

    @property
    def _leaves_address(self) -> bool:
        return bool(self._kept) and parts_of(self.typed_address(OWN)) == _in_one_line(self._kept or {})

    def values(self) -> dict[str, Any]:
        """Return a valid form's values by the profile's fields. An unchanged address keeps its lines."""
        address = self._kept if self._leaves_address else None
        if self.types_address:
            address = parts_of(self.typed_address(OWN))
        return {"name": self.name.data, "phone_number": phone_number.digits_of(self.phone.data), "address": address}


class PolicyForm(Form):
    """The form to choose the effect of changes at Vipps."""

    policy = RadioField(choices=list(Policy), validators=[DataRequired()])


def _in_one_line(address: dict[str, str]) -> dict[str, str]:
    """Return an address with each part in one line, as the form's text fields need it."""
    return {**parts_of(from_parts(address)), "street": ", ".join(str(address.get("street") or "").splitlines())}


@bp.get("/account/profile")
@login_required
def page() -> ResponseReturnValue:
    """Show the customer's own values beside the values from Vipps."""
    customer = required_customer()
    return _page(customer, DetailsForm(customer))


@bp.post("/account/profile")
@login_required
def save() -> ResponseReturnValue:
    """Save the customer's own values."""
    begin_write()
    customer = _locked_customer()
    form = DetailsForm(customer)
    if not form.validate():
        return _page(customer, form), 422
    if not form.is_about_now:
        db.session.rollback()
        text = _("Your details have changed since you opened this page. Nothing was saved. Please check them again.")
        flash(text, "warning")
        return _back()
    changed = change_history.edit(customer, from_vipps.vipps_profile_of(customer), form.values())
    db.session.commit()
    log.info("profile_edited", customer=customer.id, fields=changed)
    flash(_("Saved.") if changed else _("There was nothing to change."), "success")
    return _back()


@bp.post("/account/profile/proposals")
@login_required
def decide() -> ResponseReturnValue:
    """Apply the customer's answers to proposals, field by field."""
    answers = _answers(request.form)
    states = in_one_transaction(lambda: _decided(answers))
    if states is None:
        abort(404)
    taken, kept, email_taken = (states.count(each) for each in (State.ACCEPTED, State.DECLINED, State.EMAIL_TAKEN))
    log.info("proposals_decided", taken=taken, kept=kept, in_use=email_taken > 0)
    if email_taken:
        flash(_("That email address belongs to another account here, so your address is unchanged."), "warning")
    if taken or kept:
        flash(_("Thank you. Your choice is saved."), "success")
    elif not email_taken:
        flash(_("You chose nothing, so nothing has changed."), "info")
    return _back()


@bp.post("/account/profile/policy")
@login_required
def choose_policy() -> ResponseReturnValue:
    """Store the customer's choice for changes at Vipps."""
    form = PolicyForm()
    if not form.validate():
        abort(400)
    begin_write()
    customer = required_customer()
    if form.policy.data != customer.refresh_policy:
        customer.refresh_policy = form.policy.data
        account_activity.record(customer, Kind.REFRESH_POLICY_CHANGED)
    db.session.commit()
    log.info("refresh_policy_chosen", customer=customer.id, policy=form.policy.data)
    flash(_("Saved."), "success")
    return _back()


def _page(customer: Customer, form: DetailsForm) -> str:
    vipps = from_vipps.vipps_profile_of(customer)
    form.show()
    return render_template(
        "customers/profile.html",
        customer=customer,
        form=form,
        mine=local_values(customer),
        vipps_profile=vipps,
        link=lookup.link_of(customer),
        vipps_phone=phone_number.readable(vipps.phone_number) if vipps else "",
        addresses=from_vipps.addresses_in(vipps),
        had_addresses=vipps and not vipps.addresses and change_history.latest_of(customer, "addresses"),
        taken_email=_taken_email(customer, vipps) if vipps else None,
        proposals=change_history.proposals(customer) if vipps else [],
        history=change_history.history(customer),
        words=descriptions,
    )


def _decided(answers: Mapping[int, bool]) -> list[State] | None:
    customer = _locked_customer()
    vipps = from_vipps.vipps_profile_of(customer)
    return change_history.answer_proposals(customer, vipps, answers) if vipps else []


def _locked_customer() -> Customer:
    """Lock and return the customer's current row: a login may have changed it since this request first read it."""
    return lookup.lock_customer(required_customer().id) or abort(403)


def _answers(fields: Mapping[str, str]) -> dict[int, bool]:
    """Read the form: the id of each answered proposal, and whether to take Vipps' value."""
    answers = {}
    for name, value in fields.items():
        if name.startswith("choice-"):
            number = ANSWER.fullmatch(name)
            if number is None or value not in (TAKE, KEEP):
                abort(404)
            answers[int(number[1])] = value == TAKE
    return answers


def _taken_email(customer: Customer, vipps: VippsProfile) -> str | None:
    """Return the email address from Vipps if another account has it."""
    email = provider_values(columns_of(vipps))["email"]
    return email if email and email != customer.email and change_history.email_taken(customer, email) else None


def _back() -> ResponseReturnValue:
    return redirect(url_for("profile.page"), 303)

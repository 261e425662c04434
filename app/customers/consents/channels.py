"""The ways in which this shop may send news and offers, and the exact words in which it asks for each.

Their names are the four ids of Vipps' predefined consents, so that a yes given there and one given here are answers to
one question. An id that is no channel of this shop (such as `cf_accept_terms`) is kept and shown, and used for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from flask_babel import lazy_gettext as _l

from app.about import NAME
from app.customers.models import Customer


class Reach(Enum):
    """What of a customer a channel needs, confirmed."""

    EMAIL = "email"
    PHONE = "phone_number"


@dataclass(frozen=True)
class Channel:
    """A question of the shop: `question` is what is asked, word by word, and `meaning` what a yes leads to."""

    id: str
    label: object
    question: object
    meaning: object
    reach: Reach

    def reaches(self, customer: Customer) -> bool:
        """Tell whether the customer has what this channel needs."""
        if self.reach is Reach.PHONE:
            return customer.phone_number is not None and customer.phone_verified_at is not None
        return customer.email is not None and customer.email_verified_at is not None


ALL = (
    Channel(
        "email",
        _l("Email"),
        _l("Send me news and offers from %(shop)s by email.", shop=NAME),
        _l("Sent to the confirmed email address of your account. Each such email has a link to unsubscribe."),
        Reach.EMAIL,
    ),
    Channel(
        "sms",
        _l("SMS"),
        _l("Send me news and offers from %(shop)s by SMS.", shop=NAME),
        _l("Sent to the confirmed phone number of your account."),
        Reach.PHONE,
    ),
    Channel(
        "digital",
        _l("Other digital channels"),
        _l("Show me news and offers from %(shop)s in other digital channels.", shop=NAME),
        _l("For example advertisements on other sites, matched by your confirmed email address."),
        Reach.EMAIL,
    ),
    Channel(
        "personal",
        _l("Offers chosen for you"),
        _l("Choose offers for me based on what I have bought from %(shop)s.", shop=NAME),
        _l("This covers personalisation only. The channels are the three above."),
        Reach.EMAIL,
    ),
)
CHANNELS: Mapping[str, Channel] = {channel.id: channel for channel in ALL}

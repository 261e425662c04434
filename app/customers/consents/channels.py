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
        _l("E-mail"),
        _l("Send me news and offers from %(shop)s by e-mail.", shop=NAME),
        _l("To the confirmed e-mail address of your account. Every such mail has a link that ends it."),
        Reach.EMAIL,
    ),
    Channel(
        "sms",
        _l("SMS"),
        _l("Send me news and offers from %(shop)s by SMS.", shop=NAME),
        _l("To the confirmed telephone number of your account."),
        Reach.PHONE,
    ),
    Channel(
        "digital",
        _l("Other digital channels"),
        _l("Show me news and offers from %(shop)s in other digital channels.", shop=NAME),
        _l("Such as advertisements on other sites. They find you by your confirmed e-mail address."),
        Reach.EMAIL,
    ),
    Channel(
        "personal",
        _l("Offers chosen for you"),
        _l("Choose offers for me by what I have bought from %(shop)s.", shop=NAME),
        _l("It says what we may choose, and not where we may send it: that is for the other three to say."),
        Reach.EMAIL,
    ),
)
CHANNELS: Mapping[str, Channel] = {channel.id: channel for channel in ALL}

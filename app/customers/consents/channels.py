"""The ways in which this shop may send news and offers; `texts.toml` has the exact words in which it asks for each.

Their names are the four ids of Vipps' predefined consents, so that a yes given there and one given here are answers to
one question. An id that is no channel of this shop (such as `cf_accept_terms`) is kept and shown, and used for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from flask_babel import lazy_gettext as _l

from app.about import NAME
from app.customers.models import Customer
from app.text_tables import text_table

LABELS = text_table("customers", "channels")
QUESTIONS = text_table("customers", "channel_questions")
MEANINGS = text_table("customers", "channel_meanings")


class Reach(Enum):
    """What of a customer a channel needs, and when it was confirmed, as columns of `Customer`."""

    EMAIL = ("email", "email_verified_at")
    PHONE = ("phone_number", "phone_verified_at")


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
        return all(getattr(customer, column) is not None for column in self.reach.value)


ALL = tuple(
    Channel(
        key,
        _l(LABELS[key]),
        _l(QUESTIONS[key], shop=NAME),
        _l(MEANINGS[key]),
        Reach.PHONE if key == "sms" else Reach.EMAIL,
    )
    for key in LABELS
)
CHANNELS: Mapping[str, Channel] = {channel.id: channel for channel in ALL}

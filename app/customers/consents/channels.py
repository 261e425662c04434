"""The channels for news and offers; `texts.toml` has the exact words of the consent question for each channel.

A channel's id is one of the four ids of Vipps' predefined consents, so that a yes in Vipps and a yes here answer the
same question. An answer to another id (such as `cf_accept_terms`) is stored and shown, but not used.
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
    """The columns of `Customer` that a channel needs: an address or number, and the time of its confirmation."""

    EMAIL = ("email", "email_verified_at")
    PHONE = ("phone_number", "phone_verified_at")


@dataclass(frozen=True)
class Channel:
    """A channel with its consent question: `question` is the exact wording, `meaning` explains the effect of a yes."""

    id: str
    label: object
    question: object
    meaning: object
    reach: Reach

    def reaches(self, customer: Customer) -> bool:
        """Tell whether the customer has the confirmed address or number that this channel needs."""
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

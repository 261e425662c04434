"""Ask learners for feedback at the end of a room, and return their answers without nicknames.

Rule: the answers come sorted by their text, so that their order does not tell whose they are. They go with the learner.
"""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from wtforms import TextAreaField
from wtforms.validators import Length

from app.forms import Form, one_line
from demo.workshop.models import MAX_FEEDBACK, Learner, Room

FEEDBACK_QUESTIONS = (
    _l("What surprised you?"),
    _l("What will you look at in your own shop tomorrow?"),
    _l("What should the next class skip?"),
)


def _field(question: LazyString) -> TextAreaField:
    is_short = Length(max=MAX_FEEDBACK, message=_l("An answer has at most 500 characters."))
    return TextAreaField(question, filters=[one_line], validators=[is_short], render_kw={"maxlength": MAX_FEEDBACK})


class FeedbackForm(Form):
    """The questions, each optional."""

    first, second, third = (_field(each) for each in FEEDBACK_QUESTIONS)

    @property
    def answers(self) -> list[str]:
        """Return the answers in the order of the questions; empty ones too."""
        return [field.data or "" for field in (self.first, self.second, self.third)]


def form_of(learner: Learner) -> FeedbackForm:
    """Return the form with what a learner answered before."""
    known = learner.feedback.answers if learner.feedback else []
    return FeedbackForm(data=dict(zip(("first", "second", "third"), known, strict=False)))


def answers_in(room: Room) -> Sequence[Sequence[str]]:
    """Return the answers of a room's learners who are not hidden from the board."""
    return sorted(each.feedback.answers for each in room.learners if each.feedback and not each.is_hidden)

"""Draw sequence diagrams on the server as SVG: messages between participants, from top to bottom.

A diagram is one image with an accessible name, and every arrow can link to the place on the page that describes it in
words. The style sheet sets colours by class, so that light and dark mode both work; there is no inline style.

Horizontal positions are percentages of the width, and vertical ones are CSS pixels: the same drawing fits a desktop and
a phone, and its text is never scaled. Where lanes are too narrow for a label, the style sheet aligns it with one end of
its arrow instead of the middle, on the side with more room.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

LANE, HEAD, ROW, TAIL = 250, 56, 46, 20
BOX_HEIGHT = 36
LABEL_ABOVE = 7
HEAD_LENGTH = 9  # of an arrowhead
ABOVE = 30  # pixels of a row above its arrow; a link covers the whole row, so that it is easy to touch
MAX_LABEL = 38  # letters that `draw` accepts: a longer label would fit over no arrow, nor beside it on a phone
MAX_LANE_LABEL = 32  # letters that fit over an arrow to the next of four lanes, with a number before them
GROUP = Markup('<svg class="sequence__part" x="{}" y="{}" width="{}">{}</svg>')


@dataclass(frozen=True)
class Arrow:
    """One message. `href` links to its details; `number` is written before the label."""

    sender: str
    receiver: str
    label: str
    href: str = ""
    number: int | None = None
    failed: bool = False


def draw(arrows: Sequence[Arrow], title: str, participants: Sequence[str] = ()) -> Markup:
    """Return the diagram. Participants that are not in `participants` follow them in order of appearance.

    Raise `ValueError` for a label that is too long; `shorten` a label that comes from a request.
    """
    lanes = _lanes(arrows, participants)
    height = HEAD + ROW * len(arrows) + TAIL
    # An image has no focusable content; with links it is a group.
    role = "group" if any(arrow.href for arrow in arrows) else "img"
    head = Markup('<svg class="sequence" width="{}" height="{}" role="{}" aria-label="{}">')
    parts = [head.format(LANE * len(lanes), height, role, title)]
    parts += [_lane(name, at, len(lanes), height) for name, at in lanes.items()]
    parts += [_arrow(arrow, lanes, HEAD + ROW * (row + 1)) for row, arrow in enumerate(arrows)]
    return Markup("").join([*parts, Markup("</svg>")])


def shorten(label: str) -> str:
    """Shorten a label that comes from a request, so that it fits over any arrow."""
    return label if len(label) <= MAX_LANE_LABEL else label[: MAX_LANE_LABEL - 1] + "…"


def _lanes(arrows: Sequence[Arrow], participants: Sequence[str]) -> dict[str, int]:
    """Return the lane of each participant, from the left."""
    named = [name for arrow in arrows for name in (arrow.sender, arrow.receiver)]
    order = dict.fromkeys([*(name for name in participants if name in named), *named])
    return {name: index for index, name in enumerate(order)}


def _part(lanes: float, count: int) -> str:
    """Return the width of a number of lanes as a percentage."""
    return f"{100 * lanes / count:.6g}%"


def _lane(name: str, at: int, count: int, height: int) -> Markup:
    line = Markup('<line class="sequence__life" x1="50%" y1="{}" x2="50%" y2="{}"/>').format(8 + BOX_HEIGHT, height)
    box = Markup('<rect class="sequence__box" x="5%" y="8" width="90%" height="{}" rx="10"/>').format(BOX_HEIGHT)
    text = Markup('<text class="sequence__name" x="50%" y="{}" text-anchor="middle">{}</text>')
    drawn = line + box + text.format(8 + BOX_HEIGHT // 2 + 5, name)
    return GROUP.format(_part(at, count), 0, _part(1, count), drawn)


def _arrow(arrow: Arrow, lanes: dict[str, int], y: int) -> Markup:
    start, end, count = lanes[arrow.sender], lanes[arrow.receiver], len(lanes)
    first, last = sorted((start, end))
    inside = _loop(arrow, start, count) if start == end else _label(arrow, first, last, count) + _line(end < start)
    drawn = GROUP.format(_part(first + 0.5, count), y, _part(last - first or 1, count), inside)
    failed = " sequence__arrow--failed" if arrow.failed else ""
    drawn = Markup('<g class="sequence__arrow{}">{}</g>').format(failed, drawn)
    if not arrow.href:
        return drawn
    # Text in a nested SVG does not name a link for every screen reader (axe: link-name).
    name = f"{arrow.number or ''} {arrow.label}".strip()
    row = Markup('<rect class="sequence__row" y="{}" width="100%" height="{}"/>').format(y - ABOVE, ROW)
    return Markup('<a href="{}" aria-label="{}">{}{}</a>').format(arrow.href, name, row, drawn)


def _label(arrow: Arrow, first: int, last: int, count: int) -> Markup:
    """Centre the label over the arrow, and name the side with more room for a label that is wider than its arrow."""
    middle = (first + last + 1) / 2
    room = {"": 2 * min(middle, count - middle), "first": count - first - 0.5, "last": last + 0.5}
    side = max(room, key=lambda each: room[each])
    return _words(arrow, "50%", "middle", f" sequence__label--{side}" if side else "")


def _words(arrow: Arrow, x: str, anchor: str, modifier: str = "") -> Markup:
    if len(arrow.label) > MAX_LABEL:
        raise ValueError(f"longer than {MAX_LABEL} letters: {arrow.label!r}")
    number = Markup('<tspan class="sequence__number">{}</tspan> ').format(arrow.number) if arrow.number else ""
    text = Markup('<text class="sequence__label{}" x="{}" y="{}" text-anchor="{}">{}{}</text>')
    return text.format(modifier, x, -LABEL_ABOVE, anchor, number, arrow.label)


def _line(backwards: bool) -> Markup:
    """Draw an arrow between lanes; an arrowhead at the right end is positioned from that end."""
    point = f"0,0 {HEAD_LENGTH},-5 {HEAD_LENGTH},5" if backwards else f"0,0 -{HEAD_LENGTH},-5 -{HEAD_LENGTH},5"
    head = GROUP.format("0" if backwards else "100%", 0, 1, Markup('<polygon points="{}"/>').format(point))
    return Markup('<line x1="0" y1="0" x2="100%" y2="0"/>') + head


def _loop(arrow: Arrow, at: int, count: int) -> Markup:
    """Draw a message of a participant to itself, with the label on the side with more room."""
    path = Markup('<path d="M0,-16 h30 v16 h-{}"/>').format(30 - HEAD_LENGTH)
    point = Markup('<polygon points="0,0 {0},-5 {0},5"/>').format(HEAD_LENGTH)
    words = _words(arrow, "40", "start") if 2 * at < count else _words(arrow, "-10", "end")
    return path + point + words

"""Sequence diagrams, drawn on the server as SVG: who says what to whom, from top to bottom.

A diagram is for the eye. It is one picture with a text of its own for everybody else, and every arrow may lead to a
place on the page where the same is told in words. Colours come from the style sheet by class, so that light and dark
both work; there is no inline style. Sizes are in SVG units, which are CSS pixels at full size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

LANE, HEAD, ROW, TAIL = 250, 56, 46, 20
BOX_WIDTH, BOX_HEIGHT = 132, 36
LABEL_ABOVE = 7
HEAD_LENGTH = 9  # of an arrow's point
LETTERS = 38  # of a label that fits between two lanes


@dataclass(frozen=True)
class Arrow:
    """Something that is said. `href` leads to its details; `number` stands at its beginning."""

    sender: str
    receiver: str
    label: str
    href: str = ""
    number: int | None = None
    failed: bool = False


def draw(arrows: Sequence[Arrow], title: str, participants: Sequence[str] = ()) -> Markup:
    """Return the diagram; who is not named in `participants` stands behind those who are, in order of appearance."""
    lanes = _lanes(arrows, participants)
    width, height = LANE * len(lanes), HEAD + ROW * len(arrows) + TAIL
    # A picture has nothing inside for a keyboard; with links it is a group of them.
    role = "group" if any(arrow.href for arrow in arrows) else "img"
    parts = [
        Markup('<svg class="sequence" viewBox="0 0 {} {}" width="{}" height="{}" role="{}" aria-label="{}">').format(
            width, height, width, height, role, title
        )
    ]
    parts += [_lane(name, at, height) for name, at in lanes.items()]
    parts += [_arrow(arrow, lanes, HEAD + ROW * (row + 1)) for row, arrow in enumerate(arrows)]
    return Markup("").join([*parts, Markup("</svg>")])


def _lanes(arrows: Sequence[Arrow], participants: Sequence[str]) -> dict[str, int]:
    """Return where each participant's line is."""
    named = [name for arrow in arrows for name in (arrow.sender, arrow.receiver)]
    order = dict.fromkeys([*(name for name in participants if name in named), *named])
    return {name: LANE * index + LANE // 2 for index, name in enumerate(order)}


def _lane(name: str, at: int, height: int) -> Markup:
    box = Markup('<rect class="sequence__box" x="{}" y="8" width="{}" height="{}" rx="10"/>')
    text = Markup('<text class="sequence__name" x="{}" y="{}" text-anchor="middle">{}</text>')
    line = Markup('<line class="sequence__life" x1="{}" y1="{}" x2="{}" y2="{}"/>')
    return (
        line.format(at, 8 + BOX_HEIGHT, at, height)
        + box.format(at - BOX_WIDTH // 2, BOX_WIDTH, BOX_HEIGHT)
        + text.format(at, 8 + BOX_HEIGHT // 2 + 5, name)
    )


def _arrow(arrow: Arrow, lanes: dict[str, int], y: int) -> Markup:
    start, end = lanes[arrow.sender], lanes[arrow.receiver]
    drawn = _label(arrow, min(start, end), abs(end - start), y) + (
        _loop(start, y) if start == end else _line(start, end, y)
    )
    drawn = Markup('<g class="sequence__arrow{}">{}</g>').format(
        " sequence__arrow--failed" if arrow.failed else "", drawn
    )
    return Markup('<a href="{}">{}</a>').format(arrow.href, drawn) if arrow.href else drawn


def _label(arrow: Arrow, left: int, width: int, y: int) -> Markup:
    longest = LETTERS * max(round(width / LANE), 1)
    words = arrow.label if len(arrow.label) <= longest else arrow.label[: longest - 1] + "…"
    number = Markup('<tspan class="sequence__number">{}</tspan> ').format(arrow.number) if arrow.number else ""
    at, anchor = (left + width / 2, "middle") if width else (left + 40, "start")
    return Markup('<text class="sequence__label" x="{}" y="{}" text-anchor="{}">{}{}</text>').format(
        f"{at:g}", y - LABEL_ABOVE, anchor, number, escape(words)
    )


def _line(start: int, end: int, y: int) -> Markup:
    back = HEAD_LENGTH if end < start else -HEAD_LENGTH
    point = f"{end},{y} {end + back},{y - 5} {end + back},{y + 5}"
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}"/><polygon points="{}"/>').format(
        start, y, end + back, y, point
    )


def _loop(at: int, y: int) -> Markup:
    """Draw what somebody does for themselves."""
    path = f"M{at},{y - 16} h30 v16 h-{30 - HEAD_LENGTH}"
    point = f"{at},{y} {at + HEAD_LENGTH},{y - 5} {at + HEAD_LENGTH},{y + 5}"
    return Markup('<path d="{}"/><polygon points="{}"/>').format(path, point)

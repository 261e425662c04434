"""Sequence diagrams: the order of participants, arrows and their labels."""

from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from app.guide import text
from app.guide.sequence import MAX_LABEL, MAX_LANE_LABEL, Arrow, draw, shorten


def drawn(*arrows: Arrow, title: str = "A diagram", **options: Any) -> Tag:
    """Draw and parse a diagram."""
    svg = BeautifulSoup(str(draw(arrows, title, **options)), "html5lib").svg
    assert svg
    return svg


def names(svg: Tag) -> list[str]:
    """Return the participants from left to right."""
    lanes = [each for each in svg.select(".sequence__part") if each.select(".sequence__name")]
    lanes.sort(key=lambda each: float(str(each["x"]).removesuffix("%")))
    return [each.get_text() for each in lanes]


def test_participants_stand_in_the_order_given_and_others_behind_them() -> None:
    arrows = [Arrow("C", "A", "x"), Arrow("A", "B", "y")]
    assert names(drawn(*arrows)) == ["C", "A", "B"]
    assert names(drawn(*arrows, participants=("A", "Z", "B"))) == ["A", "B", "C"]


def test_arrow_goes_from_sender_to_receiver_and_points_there() -> None:
    right, left = drawn(Arrow("A", "B", "x"), Arrow("B", "A", "y")).select(".sequence__arrow")
    for arrow, tip in ((right, "100%"), (left, "0")):
        across, head = arrow.select("svg")
        assert (across["x"], across["width"]) == ("25%", "50%"), "the arrow must connect the middles of the two lanes"
        assert head["x"] == tip
    (loop,) = drawn(Arrow("A", "A", "think")).select(".sequence__arrow")
    assert (bool(loop.path), loop.line) == (True, None), "a message to oneself is a loop"


def test_failure_number_and_link_are_marked() -> None:
    svg = drawn(Arrow("A", "B", "x", "#step-1", 1), Arrow("A", "B", "y", failed=True))
    assert [(each["href"], each["aria-label"]) for each in svg.select("a")] == [("#step-1", "1 x")]
    assert [each.get_text() for each in svg.select(".sequence__number")] == ["1"]
    assert len(svg.select(".sequence__arrow--failed")) == 1
    assert svg["role"] == "group"


def test_labels_are_escaped_and_the_image_has_a_name() -> None:
    svg = drawn(Arrow("<b>", "B & C", "</text><script>"), title='"A" & <B>')
    assert (svg["role"], svg["aria-label"]) == ("img", '"A" & <B>')
    assert names(svg) == ["<b>", "B & C"]
    assert not svg.select("script, [style]")


def test_a_label_that_does_not_fit_is_refused() -> None:
    assert drawn(Arrow("A", "B", "x" * MAX_LABEL)).select(".sequence__label")
    with pytest.raises(ValueError, match="longer than"):
        draw([Arrow("A", "B", "x" * (MAX_LABEL + 1))], "A diagram")
    with pytest.raises(ValueError, match="longer than"):
        text.render(f"```sequence\nA -> B: {'x' * (MAX_LABEL + 1)}\n```")


def test_a_label_from_a_request_is_shortened_with_an_ellipsis() -> None:
    assert shorten("x" * MAX_LANE_LABEL) == "x" * MAX_LANE_LABEL
    assert (len(shorten("x" * 200)), shorten("x" * 200)[-1]) == (MAX_LANE_LABEL, "…")


def test_on_a_phone_labels_are_on_the_side_with_room() -> None:
    arrows = [Arrow("A", "B", "left"), Arrow("B", "C", "middle"), Arrow("D", "C", "right"), Arrow("D", "D", "loop")]
    left, middle, right, loop = drawn(*arrows).select(".sequence__label")
    sides = [[each for each in label["class"] if "--" in each] for label in (left, middle, right)]
    assert sides == [["sequence__label--first"], [], ["sequence__label--last"]]
    assert loop["text-anchor"] == "end", "a label at the last lane ends at its arrow"

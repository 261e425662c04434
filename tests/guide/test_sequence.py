"""Sequence diagrams: who stands where, and what an arrow says."""

from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from app.guide.sequence import LANE, LETTERS, Arrow, draw


def drawn(*arrows: Arrow, title: str = "A diagram", **options: Any) -> Tag:
    """Draw and parse a diagram."""
    svg = BeautifulSoup(str(draw(arrows, title, **options)), "html5lib").svg
    assert svg
    return svg


def names(svg: Tag) -> list[str]:
    """Return the participants from left to right."""
    texts = svg.select(".sequence__name")
    return [each.get_text() for each in sorted(texts, key=lambda each: float(str(each["x"])))]


def test_participants_stand_in_the_order_given_and_others_behind_them() -> None:
    arrows = [Arrow("C", "A", "x"), Arrow("A", "B", "y")]
    assert names(drawn(*arrows)) == ["C", "A", "B"]
    assert names(drawn(*arrows, participants=("A", "Z", "B"))) == ["A", "B", "C"]


def test_arrow_goes_from_sender_to_receiver_and_points_there() -> None:
    right, left = drawn(Arrow("A", "B", "x"), Arrow("B", "A", "y")).select(".sequence__arrow")
    for arrow, start, end in ((right, LANE // 2, LANE * 3 // 2), (left, LANE * 3 // 2, LANE // 2)):
        line, point = arrow.line, arrow.polygon
        assert line
        assert point
        assert int(str(line["x1"])) == start
        assert str(point["points"]).startswith(f"{end},")


def test_what_somebody_does_for_themselves_is_a_loop() -> None:
    (arrow,) = drawn(Arrow("A", "A", "think")).select(".sequence__arrow")
    assert arrow.path
    assert not arrow.line


def test_failure_number_and_link_are_marked() -> None:
    svg = drawn(Arrow("A", "B", "x", "#step-1", 1), Arrow("A", "B", "y", failed=True))
    assert [str(each["href"]) for each in svg.select("a")] == ["#step-1"]
    assert [each.get_text() for each in svg.select(".sequence__number")] == ["1"]
    assert len(svg.select(".sequence__arrow--failed")) == 1
    assert svg["role"] == "group"


def test_texts_are_texts_and_the_picture_has_a_name() -> None:
    svg = drawn(Arrow("<b>", "B & C", "</text><script>"), title='"A" & <B>')
    assert (svg["role"], svg["aria-label"]) == ("img", '"A" & <B>')
    assert names(svg) == ["<b>", "B & C"]
    assert not svg.select("script, [style]")


@pytest.mark.parametrize("lanes", [1, 2])
def test_long_label_is_cut_to_the_room_it_has(lanes: int) -> None:
    arrows = [Arrow("A", "B", "-"), Arrow("B", "C", "-"), Arrow("A", "ABC"[lanes], "x" * 200)]
    label = drawn(*arrows).select(".sequence__label")[-1].get_text()
    assert (len(label), label[-1]) == (LETTERS * lanes, "…")


def test_height_grows_with_the_arrows() -> None:
    heights = [int(str(drawn(*[Arrow("A", "B", "x")] * count)["height"])) for count in (1, 2, 10)]
    assert heights[1] - heights[0] == (heights[2] - heights[1]) / 8

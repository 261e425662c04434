"""The hooks: each slot that the shop's templates name has a template here, and each template here is used."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOT = re.compile(r'\{% include "demo/(\w+)\.html" ignore missing %\}')
ALSO_USED = {"page", "hints", "in_english", "tour", "tour_next"}  # by a view, or by another template of the demo


def test_every_slot_has_its_template_and_every_template_is_used() -> None:
    named = {name for path in (ROOT / "templates").rglob("*.*") for name in SLOT.findall(path.read_text())}
    assert len(named) > 10
    assert {*named, *ALSO_USED} == {path.stem for path in (ROOT / "demo" / "templates" / "demo").iterdir()}


def test_the_shop_mentions_the_demo_in_hooks_only() -> None:
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "app").rglob("*.py")]:
        if "guide" not in path.parts:
            text = SLOT.sub("", path.read_text())
            assert not re.search(r'"demo/|^\s*(from|import) demo\b|app\.guide|made_url|inspector_url', text, re.M), path

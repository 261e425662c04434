"""The hooks: each slot that the shop's templates name has a template here, and each template here is used."""

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from app.i18n import LANGUAGES
from simulator import i18n as simulator_i18n
from tests.vipps_person import VippsPerson

ROOT = Path(__file__).resolve().parents[2]
SLOT = re.compile(r'\{% include "demo/(\w+)\.html" ignore missing %\}')
INCLUDED = re.compile(r'"demo/(\w+)\.html"')  # included by the demo's templates, with or without a fallback


def test_every_slot_has_its_template_and_every_template_is_used() -> None:
    named = {name for path in (ROOT / "templates").rglob("*.*") for name in SLOT.findall(path.read_text())}
    assert len(named) > 10
    own = list((ROOT / "demo" / "templates" / "demo").iterdir())
    existing = {path.stem for path in own}
    assert named <= existing
    included = {name for path in own for name in INCLUDED.findall(path.read_text())}
    assert existing <= {*named, *included, "page", "tour", "mission", "missions"}


def test_the_shop_mentions_the_demo_in_hooks_only() -> None:
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "app").rglob("*.py")]:
        if "guide" not in path.parts:
            text = SLOT.sub("", path.read_text())
            assert not re.search(r'"demo/|^\s*(from|import) demo\b|app\.guide|made_url|inspector_url', text, re.M), path


def test_every_page_that_asks_for_a_password_shows_the_demos() -> None:
    asking = [path for path in (ROOT / "templates").rglob("*.html") if '"current-password"' in path.read_text()]
    assert len(asking) == 7
    for path in asking:
        assert {"password", "staff_password", "staff_login"} & set(SLOT.findall(path.read_text())), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_that_the_visitor_chose_is_kept_at_the_simulator(vipps: VippsPerson, language: str) -> None:
    vipps.browser.get(f"/language/{language}")
    assert parse_qs(vipps.start())[simulator_i18n.PARAMETER] == [language]

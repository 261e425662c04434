"""README and docs name files and addresses that exist."""

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import browser_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FILE = re.compile(r"`([\w./-]+\.(?:py|md|html|yaml|toml|txt))`")
LINK = re.compile(r"\]\(([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in LINK.findall(text) if not link.startswith("http")]
    missing = [name for name in FILE.findall(text) if not (ROOT / name).is_file()]
    missing += [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_linked_pages_of_the_shop_answer(page: Path, demo_app: Flask) -> None:
    browser = browser_of(demo_app)
    links = LINK.findall(page.read_text(encoding="utf-8"))
    paths = [link.removeprefix("http://localhost:8000") for link in links if link.startswith("http://localhost:8000")]
    assert [path for path in paths if browser.get(path, follow_redirects=True).status_code != 200] == []


def test_readme_lists_the_twelve_files_to_read() -> None:
    listed = re.findall(r"^\| \d+ \| `([\w./]+)`", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == 12
    assert all((ROOT / path).is_file() for path in listed)

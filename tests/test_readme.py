"""README and docs name files and addresses that exist."""

import re
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from app.settings import load, vipps_config
from tests.conftest import ENVIRONMENT, browser_of, open_page

ROOT = Path(__file__).resolve().parent.parent
COMMUNITY = ("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [ROOT / "README.md", *(ROOT / name for name in COMMUNITY), *sorted((ROOT / "docs").glob("*.md"))]
FILE = re.compile(r"`([\w.][\w./-]*\.(?:py|md|html|yaml|toml|txt))`")
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


def test_every_place_has_the_version_of_the_changelog(demo_client: FlaskClient) -> None:
    newest = re.findall(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    headers = vipps_config(load(ENVIRONMENT)).tracking_headers
    assert {value for name, value in headers.items() if name.endswith("-Version")} == {newest}
    assert open_page(demo_client, "/").one(".footer__demo span").get_text() == f"Multe {newest}"


def test_hosted_checks_run_the_commands_of_a_developer() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    assert workflow["jobs"]["test"]["steps"][-1] == {"run": ".ci/run"}
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repo["hooks"]] == ["make lint"]

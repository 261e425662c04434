"""English and bokmål are complete, Danish and Finnish for a login: nothing missing, left over or uncompiled."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract, extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from ..i18n import TRANSLATIONS

ROOT = Path(__file__).parents[2]
OF_A_LOGIN = [
    "base",
    "login",
    "person",
    "confirm",
    "confirmed",
    "email",
    "consent",
    "consent_parts",
    "consents_screen",
    "flow_screens",
    "cancel",
    "too_young",
    "refused",
    "problem",
    "scope_label",
]
FOLDER = TRANSLATIONS / "nb" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def extracted() -> set[str]:
    """Return every text of the templates and the code."""
    found: set[str] = set()
    for folder in (ROOT / "simulator" / "templates", ROOT / "simulator"):
        methods = [("**.html", "jinja2"), ("**.py", "python")]
        found |= {str(message) for _, _, message, _, _ in extract_from_dir(str(folder), methods)}
    assert len(found) > 100
    return found


@pytest.fixture(scope="module")
def bokmaal() -> Catalog:
    return read_po(io.BytesIO((FOLDER / "messages.po").read_bytes()), locale="nb")


def test_every_text_is_translated_and_no_other(extracted: set[str], bokmaal: Catalog) -> None:
    ids = {str(message.id) for message in bokmaal if message.id}
    assert extracted - ids == set()
    assert ids - extracted == set()
    assert [message.id for message in bokmaal if message.id and not message.string] == []
    assert [message.id for message in bokmaal if message.id and message.fuzzy] == []


def test_placeholders_are_kept(bokmaal: Catalog) -> None:
    for message in bokmaal:
        names = [set(re.findall(r"%\((\w+)\)s", str(text))) for text in (message.id, message.string)]
        assert names[0] == names[1], message.id


def test_compiled_catalog_is_current(bokmaal: Catalog) -> None:
    compiled = read_mo(io.BytesIO((FOLDER / "messages.mo").read_bytes()))
    assert {message.id: message.string for message in compiled if message.id} == {
        message.id: message.string for message in bokmaal if message.id
    }


def test_texts_use_typographic_quotes(extracted: set[str], bokmaal: Catalog) -> None:
    texts = extracted | {str(message.string) for message in bokmaal if message.id}
    assert [text for text in texts if "'" in text] == []


@pytest.mark.parametrize("tag", ["da", "fi"])
def test_every_text_of_a_login_is_translated(tag: str, extracted: set[str]) -> None:
    """The landing page has four languages (Vipps knowledge base: landing page)."""
    folder = TRANSLATIONS / tag / "LC_MESSAGES"
    catalog = read_po(io.BytesIO((folder / "messages.po").read_bytes()), locale=tag)
    translated = {str(each.id): str(each.string) for each in catalog if each.id and each.string}
    templates = ROOT / "simulator" / "templates"
    sources = [(templates / f"{name}.html").read_bytes() for name in OF_A_LOGIN]
    texts = {str(text) for source in sources for _, text, _, _ in extract("jinja2", io.BytesIO(source))}
    assert texts - set(translated) == set()
    assert set(translated) - extracted == set()
    for text, shown in translated.items():
        assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", shown))
    compiled = read_mo(io.BytesIO((folder / "messages.mo").read_bytes()))
    assert {each.id: each.string for each in compiled if each.id} == translated

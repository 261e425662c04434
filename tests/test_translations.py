"""English and Norwegian are both complete: every text for people is translated, and the compiled file is current."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "app" / "translations" / "nb" / "LC_MESSAGES"
KEYWORDS: dict[str, Any] = {**dict.fromkeys(("_", "N_", "_l", "gettext", "lazy_gettext")), "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def sources() -> list[tuple[str, Path]]:
    """Return the files of the shop that hold texts, with how to read them; the simulator has a catalog of its own."""
    code = [("python", path) for folder in ("app", "demo") for path in (ROOT / folder).rglob("*.py")]
    pages = [("jinja2", path) for path in (ROOT / "templates").rglob("*.*")]
    return [(method, path) for method, path in code + pages if "simulator" not in path.parts]


def extracted() -> set[str]:
    """Return every message id that code and templates use."""
    found: set[str] = set()
    for method, path in sources():
        for _, message, _, _ in extract_from_file(method, path, keywords=KEYWORDS):
            found.add(message if isinstance(message, str) else message[0])
    return found - {""}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return the Norwegian catalog."""
    with (CATALOG / "messages.po").open("rb") as file:
        return read_po(file, locale="nb")


def test_every_text_has_a_norwegian_one(catalog: Catalog) -> None:
    missing = sorted(text for text in extracted() if text not in catalog or not any_text(catalog[text].string))
    assert missing == []


def test_no_translation_is_left_over_or_unsure(catalog: Catalog) -> None:
    known = extracted()
    ids = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id}
    assert sorted(ids - known) == []
    assert [message.id for message in catalog if message.fuzzy and message.id] == []
    assert not catalog.obsolete


def test_a_translation_keeps_the_placeholders(catalog: Catalog) -> None:
    for message in catalog:
        if not message.id:
            continue
        ids, strings = (part if isinstance(part, tuple | list) else (part,) for part in (message.id, message.string))
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        assert all(set(PLACEHOLDER.findall(string)) == wanted for string in strings), message.id


def test_the_compiled_catalog_is_current(catalog: Catalog) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    with (CATALOG / "messages.mo").open("rb") as file:
        assert texts_of(read_mo(file)) == texts_of(read_mo(compiled))


def texts_of(catalog: Catalog) -> list[tuple[str, str]]:
    """Return a catalog's messages and translations, in order."""
    return sorted((str(message.id), str(message.string)) for message in catalog if message.id)


def any_text(string: Any) -> bool:
    """Tell whether a translation, or each of its plural forms, says something."""
    return all(string) if isinstance(string, tuple | list) else bool(string)

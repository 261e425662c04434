"""Every language is complete: each text for people is translated, and the compiled files are current."""

import json
import re
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from app.i18n import DEFAULT_LANGUAGE, LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS: dict[str, Any] = {**dict.fromkeys(("_", "N_", "_l", "gettext", "lazy_gettext")), "ngettext": (1, 2)}
# Babel's extraction method for a file, by the file's suffix or name.
METHODS = {
    ".py": "python", ".html": "jinja2", ".txt": "jinja2", "tour.toml": "demo.toml_messages:extract",
    "texts.toml": "app.text_tables:extract",
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
# The shop has a catalog, and the demo and the guide share one. The simulator's own tests check the simulator's catalog.
FOLDERS = [folder for folder in ("app", "demo") if (ROOT / folder).is_dir()]
EACH_CATALOG = pytest.mark.parametrize(
    ("name", "language"), [(name, each) for name in FOLDERS for each in LANGUAGES if each != DEFAULT_LANGUAGE]
)
GUIDE = ("app/guide", "templates/guide")


@cache
def texts_in(*folders: str) -> frozenset[str]:
    """Return every message id that code and templates in these folders use; the guide's only if `GUIDE` is passed."""
    found: set[str] = set()
    for path in [path for folder in folders for path in (ROOT / folder).rglob("*.*")]:
        method = METHODS.get(path.suffix) or METHODS.get(path.name)
        is_guide = path.relative_to(ROOT).as_posix().startswith(GUIDE)
        if method and "common_passwords" not in path.name and (folders == GUIDE) == is_guide:
            for _, message, _, _ in extract_from_file(method, path, keywords=KEYWORDS):
                found.add(message if isinstance(message, str) else message[0])
    return frozenset(found - {""})


def texts_of(catalog: str) -> frozenset[str]:
    """Return the message ids that may be in a catalog."""
    return texts_in("app", "templates") if catalog == "app" else texts_in("demo") | texts_in(*GUIDE)


def needed_in(catalog: str) -> frozenset[str]:
    """Return the message ids that a catalog has to translate; the demo also uses the shop's translations."""
    return texts_of("app") if catalog == "app" else texts_of(catalog) - texts_of("app")


def file_of(catalog: str, language: str, name: str) -> Path:
    return ROOT / catalog / "translations" / language / "LC_MESSAGES" / name


def catalog_of(name: str, language: str) -> Catalog:
    with file_of(name, language, "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@EACH_CATALOG
def test_every_text_is_translated(name: str, language: str) -> None:
    catalog = catalog_of(name, language)
    missing = sorted(text for text in needed_in(name) if text not in catalog or not any_text(catalog[text].string))
    assert not missing, f"{name}, {language}: {json.dumps(missing, ensure_ascii=False, indent=0)}"


@EACH_CATALOG
def test_no_translation_is_unused_or_unsure(name: str, language: str) -> None:
    catalog = catalog_of(name, language)
    ids = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id}
    assert sorted(ids - texts_of(name)) == []
    assert [message.id for message in catalog if message.fuzzy and message.id] == []
    assert not catalog.obsolete


@EACH_CATALOG
def test_a_translation_keeps_the_placeholders(name: str, language: str) -> None:
    for message in catalog_of(name, language):
        if not message.id:
            continue
        ids, strings = (part if isinstance(part, tuple | list) else (part,) for part in (message.id, message.string))
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        assert all(set(PLACEHOLDER.findall(string)) == wanted for string in strings if string), message.id


@EACH_CATALOG
def test_the_compiled_catalog_is_current(name: str, language: str) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalog_of(name, language))
    compiled.seek(0)
    with file_of(name, language, "messages.mo").open("rb") as file:
        assert pairs_of(read_mo(file)) == pairs_of(read_mo(compiled))


def pairs_of(catalog: Catalog) -> list[tuple[str, str]]:
    """Return a catalog's messages and translations, in order."""
    return sorted((str(message.id), str(message.string)) for message in catalog if message.id)


def any_text(string: Any) -> bool:
    """Tell whether a translation, or each of its plural forms, is not empty."""
    return all(string) if isinstance(string, tuple | list) else bool(string)

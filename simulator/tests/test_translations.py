"""Every language is complete: no text is missing, unused or uncompiled."""

import io
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from ..i18n import LANGUAGES, TRANSLATIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def extracted() -> set[str]:
    """Return every text of the templates and the code."""
    # Building the package leaves a copy of the sources in build/.
    methods = [("build/**", "ignore"), ("**.html", "jinja2"), ("**.py", "python")]
    found = {str(message) for _, _, message, _, _ in extract_from_dir(str(ROOT / "simulator"), methods)}
    assert len(found) > 100
    return found


@pytest.fixture(scope="module", params=[tag for tag in LANGUAGES if tag != "en"])
def catalog(request: pytest.FixtureRequest) -> Catalog:
    file = TRANSLATIONS / request.param / "LC_MESSAGES" / "messages.po"
    return read_po(io.BytesIO(file.read_bytes()), locale=request.param)


def test_every_text_is_translated_and_no_other(extracted: set[str], catalog: Catalog) -> None:
    translated = {str(message.id) for message in catalog if message.id and message.string}
    missing = sorted(extracted - translated)
    assert not missing, f"simulator, {catalog.locale}: {json.dumps(missing, ensure_ascii=False, indent=0)}"
    assert translated - extracted == set()
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


def test_placeholders_are_kept(catalog: Catalog) -> None:
    for message in catalog:
        names = [set(re.findall(r"%\((\w+)\)s", str(text))) for text in (message.id, message.string)]
        assert names[0] == names[1], message.id


def test_compiled_catalog_is_current(catalog: Catalog) -> None:
    compiled = read_mo(io.BytesIO((TRANSLATIONS / str(catalog.locale) / "LC_MESSAGES" / "messages.mo").read_bytes()))
    assert {message.id: message.string for message in compiled if message.id} == {
        message.id: message.string for message in catalog if message.id
    }


def test_texts_use_typographic_quotes(extracted: set[str], catalog: Catalog) -> None:
    texts = extracted | {str(message.string) for message in catalog if message.id}
    assert [text for text in texts if "'" in text] == []

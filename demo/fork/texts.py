"""The Norwegian texts of a fork: without those that only the stage used."""

from pathlib import Path
from typing import Any

KEYWORDS: dict[str, Any] = {**dict.fromkeys(("_", "N_", "_l", "gettext", "lazy_gettext")), "ngettext": (1, 2)}
CATALOG = Path("app/translations/nb/LC_MESSAGES")


def keep_used(root: Path) -> None:
    """Take out of the catalog what no code and no template says, and compile it."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po, write_po

    folder, used = root / CATALOG, _said(root)
    with (folder / "messages.po").open("rb") as file:
        catalog = read_po(file, locale="nb")
    for message in list(catalog):
        if message.id and _first(message.id) not in used:
            catalog.delete(message.id)
    with (folder / "messages.po").open("wb") as file:
        write_po(file, catalog, width=76)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog)


def _said(root: Path) -> set[str]:
    from babel.messages.extract import extract_from_file

    code = [("python", path) for path in (root / "app").rglob("*.py")]
    pages = [("jinja2", path) for path in (root / "templates").rglob("*.*")]
    found = (extract_from_file(method, path, keywords=KEYWORDS) for method, path in code + pages)
    return {_first(message) for messages in found for _line, message, _comments, _context in messages}


def _first(message: Any) -> str:
    return message if isinstance(message, str) else str(message[0])

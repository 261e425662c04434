"""Labels of the back office: its tables of texts, and the title and cause of a refusal."""

from app.text_tables import branded, text_table
from app.vipps.errors import REFUSALS


def in_words(name: str, table: str) -> str:
    """Return the label of a name in a table of `texts.toml`, or the name itself."""
    words = text_table("staff", table).get(name)
    return branded(words) if words else name


def choices(table: str) -> list[tuple[str, str]]:
    """Return the names and labels of a table, for a form."""
    return [(name, branded(words)) for name, words in text_table("staff", table).items()]


def shown_to_customer(code: str) -> str:
    """Return the title of the page that a refusal showed; empty without one."""
    refusal = REFUSALS.get(code)
    return branded(refusal.page.title) if refusal else ""


def cause(code: str) -> str:
    """Return the cause of a refused Vipps login, for developers, in English; empty without one."""
    refusal = REFUSALS.get(code)
    return refusal.cause if refusal else ""

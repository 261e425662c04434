"""Write the results into the guide's chapter, between two marker lines."""

import json
from pathlib import Path
from typing import Any

from bench.processes import ROOT

CHAPTER = ROOT / "app" / "guide" / "chapters" / "17-checking-a-login.md"
BEGIN, END = (
    "[checked merchants]: begin\n",
    "[/checked merchants]: end",
)  # link definitions, which Markdown does not show
HEAD = "| Merchant | Safe | Unsafe | Only an error page | Unclear | Does not apply |\n|---|---|---|---|---|---|\n"


def write_chapter(merchants: list[dict[str, Any]], results: Path) -> None:
    """Replace the table and the remarks; leave out a merchant without results."""
    rows, remarks = "", ""
    for merchant in merchants:
        found = [case for suffix in ("", "-trouble") for case in read(results / f"{merchant['id']}{suffix}.json")]
        if not found:
            continue
        verdicts = [case["verdict"] for case in found]
        errors = sum(is_error_page(case) for case in found)
        cells = (verdicts.count("safe"), verdicts.count("unsafe") - errors, errors, verdicts.count("unclear"))
        rows += f"| {merchant['name']} | {' | '.join(map(str, cells))} | {verdicts.count('not applicable')} |\n"
        if says := merchant.get("says"):
            remarks += f"- **{merchant['name']}.** {says}\n"
    before, _, rest = CHAPTER.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    CHAPTER.write_text(f"{before}{BEGIN}\n{HEAD}{rows}\n{remarks}\n{END}{after}", encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    """Return the results of a file, or none."""
    return list(json.loads(path.read_text(encoding="utf-8"))["results"]) if path.exists() else []


def is_error_page(case: dict[str, Any]) -> bool:
    """Tell whether the merchant let no customer in, but answered 500, late or not at all."""
    return case["verdict"] == "unsafe" and case["did"].startswith(("Your shop answered", "Your shop did not answer"))

"""Every refusal of a login, by name: its page, its HTTP status, its log level, its cause and its clause.

Pages, logs and tests read this one table. The refusals are in `refusals.toml`. The texts that people read are in
`texts.toml`: gettext message ids, translated where they are shown. Causes are for developers and stay English.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


def load_table(name: str) -> dict[str, Any]:
    """Return a TOML file of this folder."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class RefusalPage:
    """The texts for the person: what happened, and what to do now. Both may use `%(brand)s`."""

    title: str
    explanation: str


@dataclass(frozen=True)
class Refusal:
    """One way in which a login ends without a session.

    `status` is the HTTP status of the page: 4xx, or 502, 503, 504 when Vipps failed. `level` is that of the log
    line: `error` only if an operator must act. `source` is the clause that requires the check.
    """

    code: str
    page: RefusalPage
    status: int
    level: Literal["info", "warning", "error"]
    cause: str
    source: str


class LoginRefused(Exception):  # noqa: N818 - it is an outcome, not a fault
    """End a login with a refusal.

    `detail` goes to the log only: short, without codes, tokens and personal data. `reasons` are those of a decision
    (`matching`) and are shown to the person. `retry_after` is the number of seconds after which a retry may help; 0 if
    unknown.
    """

    def __init__(self, code: str, detail: str = "", reasons: tuple[str, ...] = (), retry_after: int = 0) -> None:
        super().__init__(code)
        self.refusal = REFUSALS[code]
        self.detail = detail
        self.reasons = reasons
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """Return the refusal's name."""
        return self.refusal.code


TEXTS = load_table("texts.toml")
REASONS: dict[str, str] = TEXTS.pop("reasons")
"""The reasons of a decision (`matching`), in words for the person whose login it was."""
REFUSAL_PAGES = {name: RefusalPage(**texts) for name, texts in TEXTS.items()}
_GROUPS = load_table("refusals.toml")
REFUSALS = {
    code: Refusal(code, REFUSAL_PAGES[group["page"]], group["status"], group["level"], cause, source)
    for groups in _GROUPS.values()
    for group in groups
    for code, (cause, source) in group["refusals"].items()
}
REDIRECT_CODES = frozenset(code for group in _GROUPS["redirect"] for code in group["refusals"])


def refused_by_vipps(error: str) -> LoginRefused:
    """Turn the redirect's `error` into a refusal. The name of an undocumented error goes to the log only."""
    if error in REDIRECT_CODES:
        return LoginRefused(error)
    return LoginRefused("unknown_error", detail=loggable(error))


def loggable(word: object) -> str:
    """Return an error code for the log, or "(unusual)": a value that is not a plain word could be a secret."""
    return word if isinstance(word, str) and re.fullmatch(r"[a-z_]{1,40}", word) else "(unusual)"

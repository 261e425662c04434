"""Reads `merchant.toml`: the merchant's addresses and forms, and its client at the simulator."""

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class MerchantFileError(Exception):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """The merchant's client at the simulator."""

    url: str = "http://localhost:8001"
    """The simulator's origin."""
    client_id: str = ""
    client_secret: str = ""
    """With the secret, the checker starts a simulator at `url` if none answers there."""
    redirect_uris: list[str] = field(default_factory=list)
    auth_method: str = "client_secret_basic"
    control_token: str = ""
    """Opens the control API of a simulator on another computer."""


@dataclass(frozen=True, kw_only=True)
class Merchant:
    """The merchant; only the first three are required."""

    start: str
    """The address that starts a login, or the page with the button that does."""
    home: str
    """A page that tells whether the browser is logged in."""
    logged_in: str
    """A pattern that this page matches only for a logged-in customer."""
    logout: str = ""
    """The address that logs out; a form of the home page with this action is sent."""
    account: str = ""
    """The page that names the account."""
    account_pattern: str = ""
    """A pattern; its group is the account's number, or another value that never changes."""
    start_button: str = r"(?i)vipps|log ?in|sign ?in|continue"
    """A pattern for the text or the address of the button that starts a login."""
    next: str = ""
    """The parameter of `start` that says where to go after the login."""
    webhook: str = ""
    """The address that takes Vipps' revocation events."""
    consents: str = ""
    """The page that shows the customer's marketing consents."""
    consent_given: str = ""
    """A pattern that this page matches only if the consent for `consent_id` is given."""
    consent_id: str = "email"
    sign_up: str = ""
    """The page with the form that makes an account with a password."""
    sign_up_fields: dict[str, str] = field(default_factory=dict)
    """What this form needs; `$email` and `$password` are filled in."""
    room: str = ""
    """The address of a workshop's room, which gets the verdicts."""
    words: str = ""
    """The learner's three words in this room."""
    simulator: Client = field(default_factory=Client)

    @property
    def origins(self) -> set[str]:
        """The origins of the merchant."""
        return {origin(url) for url in (self.start, self.home, self.account, self.logout, self.consents) if url}


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def load(path: Path) -> Merchant:
    """Read a file, or the one of a folder; raise `MerchantFileError` with a sentence that says what to change."""
    try:
        file = path / "merchant.toml" if path.is_dir() else path
        return from_values(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise MerchantFileError(f"{path}: {error}") from error


def from_values(values: dict[str, Any]) -> Merchant:
    """Return the merchant of these values."""
    client = _checked(Client, values.get("simulator", {}))
    merchant: Merchant = _checked(Merchant, {**values, "simulator": client})
    for name in ("start", "home", "logout", "account", "webhook", "consents", "sign_up", "room"):
        if (value := getattr(merchant, name)) and urlsplit(value).scheme not in ("http", "https"):
            example = "http://192.168.1.5:8000/workshop/BKRT47" if name == "room" else "http://localhost:5000/"
            raise MerchantFileError(f"{name} must be a whole address, such as {example}")
    if merchant.room and not merchant.words:
        raise MerchantFileError('room needs words as well: your three words there, such as "fjell kopp ugle"')
    for name in ("logged_in", "account_pattern", "start_button", "consent_given"):
        try:
            re.compile(getattr(merchant, name))
        except re.error as error:
            raise MerchantFileError(f"{name} is no pattern: {error}") from error
    return merchant


def _checked(kind: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise MerchantFileError("simulator must be a table")
    if unknown := sorted(set(values) - {each.name for each in fields(kind)}):
        raise MerchantFileError(f"unknown setting: {unknown[0]}")
    try:
        return kind(**values)
    except TypeError as error:
        raise MerchantFileError(f"missing settings: {str(error).partition('argument')[2].strip(' s:')}") from error

"""Explain a pasted ID token or authorization URL, and say which of the shop's own checks it would fail.

There is no second verifier. The pasted token goes through `app.vipps.id_token` for its form, algorithm and signature,
with the provider's published keys. That function stops at the first failure, so each claim is tried alone: in a token
that is right in every other claim and signed by a key of this process, which no login accepts. The parameters of a URL
are compared with what the shop itself sends. Nothing is stored or logged, and no pasted address is fetched.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from app.guide import tables
from app.guide.inspector import recorded_names
from app.guide.inspector.checks import CHECKS, Check, CheckResult, Result, compared_values, load_checks
from app.guide.inspector.masking import read_token
from app.security import client_network, limiter
from app.vipps.attempts import Attempt, random_value
from app.vipps.errors import LoginRefused
from app.vipps.id_token import ALGORITHM, validate
from app.vipps.purposes import LoginPurpose
from app.vipps.routes import integration

bp = Blueprint("decoder", __name__, url_prefix="/guide/decoder")

RATE_LIMIT = "30 per minute"
MAX_PASTED, MAX_NESTED, MAX_PARAMETERS = 16_000, 100, 60
REQUEST_CHECKS = load_checks("request_checks.toml")
TOKEN_CHECKS = {each.key: each for each in CHECKS}
# The claims that each check of the ID token reads.
CLAIMS_OF = tables.load("claims_of_checks.toml", "claims")["claims"]
RANDOM = ("state", "nonce", "code_challenge")
NO_KEYS = "the provider’s keys could not be fetched, so the signature was not checked"
NOT_READABLE = (
    "This is neither an address nor an ID token: a token has three parts with dots between them, and the first two are"
    " JSON objects in base64url."
)
NO_NONCE = "only the nonce that the shop sent can tell; paste it as well"


@dataclass(frozen=True)
class Decoded:
    """What was found in a pasted text: its parts with their names, and the checks that it would pass or fail."""

    kind: str
    parts: Sequence[tuple[str, Any]]
    checks: Sequence[CheckResult]


@bp.route("", methods=["GET", "POST"])
@limiter.limit(RATE_LIMIT, key_func=client_network, methods=["POST"])
def decode() -> ResponseReturnValue:
    """Show the form, and what a pasted text says."""
    pasted, nonce = (_replaced(request.form.get(name, "").strip()) for name in ("pasted", "nonce"))
    found, problem = None, ""
    if request.method == "POST":
        try:
            found = _decoded(pasted, nonce)
        except ValueError as error:
            problem = str(error)
    sent = {"pasted": pasted[:MAX_PASTED], "nonce": nonce}
    page = render_template(
        "guide/decoder.html", found=found, problem=problem, sent=sent, names=recorded_names, most=MAX_PASTED
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _decoded(pasted: str, nonce: str) -> Decoded:
    """Explain a text; raises `ValueError` with a sentence for the visitor if it is neither a token nor an address."""
    if not pasted:
        raise ValueError("Paste an ID token or an authorization URL.")
    if len(pasted) > MAX_PASTED:
        raise ValueError(f"This is longer than {MAX_PASTED:,} characters, so it is not read.")
    if "://" in pasted:
        return _decoded_url("".join(pasted.split()))
    return _decoded_token("".join(pasted.split()), nonce)


def _decoded_token(raw: str, nonce: str) -> Decoded:
    found = read_token(raw)
    if found is None:
        raise ValueError(NOT_READABLE)
    token = json.loads(_printable(found))
    parts = [("Header", token["header"]), ("Claims", token["claims"])]
    return Decoded("token", parts, list(_token_checks(raw, token, nonce)))


def _token_checks(raw: str, token: Mapping[str, Mapping[str, Any]], nonce: str) -> Iterator[CheckResult]:
    config = integration().client.config
    refused = _refusal_of(raw, _published_key, nonce or "unknown")
    call = {"url": "", "id_token": token, "answer": None}
    start = {"location_query": [("client_id", config.client_id), ("nonce", nonce)]}
    callback = {"query": [], "calls": [call], "issuer": config.issuer}
    not_checked = {} if refused.startswith("id_token") or not refused else {"signature": NO_KEYS}
    if refused in ("id_token_malformed", "id_token_algorithm"):
        not_checked["signature"] = "the shop stops before it"
    if not nonce:
        not_checked["nonce"] = NO_NONCE
    for key in ("form", "algorithm", "signature", *CLAIMS_OF):
        check = TOKEN_CHECKS[key]
        failed = _fails_alone(key, token["claims"], nonce) if key in CLAIMS_OF else refused in check.codes
        yield _result(check, failed, not_checked.get(key, ""), compared_values(key, start, callback))


def _fails_alone(key: str, claims: Mapping[str, Any], nonce: str) -> bool:
    """Tell whether the shop would refuse a token that has these claims of one check, and is right in all others."""
    config, now, nonce = integration().client.config, int(time.time()), nonce or "unknown"
    right = {"iss": config.issuer, "aud": config.client_id, "exp": now + 300, "iat": now, "nonce": nonce, "sub": "1"}
    tried = {name: value for name, value in right.items() if name not in CLAIMS_OF[key]}
    tried.update({name: claims[name] for name in CLAIMS_OF[key] if name in claims})
    signed = jwt.encode({"alg": ALGORITHM}, tried, _own_key())
    return bool(_refusal_of(signed, lambda kid, again: _own_key(), nonce))


def _refusal_of(raw: str, find_key: Any, nonce: str) -> str:
    """Return the name of the refusal in which the shop's own check of an ID token ends; empty if it passes."""
    config = integration().client.config
    try:
        validate(raw, find_key=find_key, issuer=config.issuer, client_id=config.client_id, nonce=nonce, access_token="")
    except LoginRefused as error:
        return error.refusal.code
    return ""


def _published_key(kid: str | None, again: bool) -> Key | None:
    """Return a key of the provider; not from a fresh key set, whose small budget belongs to logins."""
    client = integration().client
    with client.slot() as deadline:
        return None if again else client.discovery.key(kid, deadline)


@lru_cache(maxsize=1)
def _own_key() -> RSAKey:
    return RSAKey.generate_key(2048)


def _decoded_url(url: str) -> Decoded:
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise ValueError("This address cannot be read, or it has too many parameters.") from None
    pairs = json.loads(_printable(pairs))
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return Decoded("url", [("Address", address), ("Parameters", pairs)], list(_request_checks(url, pairs)))


def _request_checks(url: str, pairs: Sequence[tuple[str, str]]) -> Iterator[CheckResult]:
    """Compare an authorization request with one that the shop sends."""
    client, given = integration().client, dict(pairs)
    example = Attempt(0, random_value(), random_value(), LoginPurpose.LOG_IN, "/", state=random_value())
    ours = client.authorization_parameters(example)
    for check in REQUEST_CHECKS:
        key, value = check.key, given.get(check.key, "")
        facts = [("the request says", value)] if value else []
        if key == "address":
            failed = not url.startswith(f"{client.config.base_url}/") or "#" in url
            facts = [("the provider is at", client.config.base_url)]
        elif key == "once":
            failed = len(given) != len(pairs)
        elif key == "scope":
            failed = "openid" not in value.split()
        elif key in RANDOM:
            failed = not re.fullmatch(rf"[\w.~-]{{{len(ours[key])},200}}", value, re.ASCII)
        else:
            failed = value != ours[key]
            facts.append(("the shop sends", ours[key]))
        yield _result(check, failed, "", facts)


def _result(check: Check, failed: bool, not_checked: str, facts: Sequence[tuple[str, str]]) -> CheckResult:
    if not_checked:
        return CheckResult(check, Result.NOT_REACHED, [*facts, ("not checked", not_checked)])
    return CheckResult(check, Result.FAILED if failed else Result.PASSED, facts)


def _printable(value: Any) -> str:
    """Return a value as JSON that a page can show; raises `ValueError` if it is nested too deeply."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError as error:
        raise ValueError("This is nested too deeply to be shown.") from error
    if len(re.findall(r"[\[{]", text)) > MAX_NESTED:
        raise ValueError("This has too many lists and objects in it, so it is not shown.")
    return _replaced(text)


def _replaced(text: str) -> str:
    """Replace halves of surrogate pairs, which no page can send."""
    return text.encode("utf-8", "replace").decode()

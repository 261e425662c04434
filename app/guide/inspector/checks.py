"""The checks of a callback in the order in which they are made, and which of them a recorded login passed.

A login stops at the first check that fails, and says which by a refusal's name. So what comes before it in this order
was passed, and what comes after it was never looked at.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.vipps.errors import REDIRECT_CODES


class Result(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


# What a link to the code says.
HERE = "The line that checks it"
COMPARED = "The line with what it has to be; Authlib compares"


@dataclass(frozen=True)
class Check:
    """One check: what is compared, what would happen without it, and where the code for it is.

    `codes` are the names of the refusals it can end in. `symbol` is a place in the source, as `module:name`, and `line`
    words of the one line in it that checks; `where` says what stands there if the check itself is made elsewhere.
    """

    key: str
    title: str
    stops: str
    codes: frozenset[str]
    clause: str
    symbol: str
    line: str
    where: str


@dataclass(frozen=True)
class Judged:
    """A check of one login. `compared` are pairs of what was expected and what came, as far as they were recorded."""

    check: Check
    result: Result
    compared: Sequence[tuple[str, str]] = field(default_factory=tuple)


_OUTAGE = {
    "vipps_unreachable",
    "vipps_timeout",
    "vipps_failing",
    "vipps_overloaded",
    "answer_too_large",
    "redirect_refused",
}


def _check(
    key: str, title: str, stops: str, codes: set[str], clause: str, symbol: str, line: str, where: str = HERE
) -> Check:
    return Check(key, title, stops, frozenset(codes), clause, symbol, line, where)


CHECKS = (
    _check(
        "state",
        "The state is one that this shop made, not used before and not too old",
        "Without it, anybody could send your browser here with their own login, and you would shop in their account.",
        {"state_missing", "state_unknown", "state_expired", "state_used"},
        "RFC 6749, section 10.12",
        "app.vipps.attempts:_CLAIM",
        '_c.state_hash == bindparam("state")',
    ),
    _check(
        "browser",
        "The browser is the one that began the login",
        "A state alone can be carried into another browser. The cookie that came with it cannot.",
        {"other_browser", "not_this_browser"},
        "RFC 9700, section 4.7",
        "app.vipps.attempts:Attempts._why_not",
        "if row.browser_hash != hash_of(browser)",
    ),
    _check(
        "session",
        "Whoever is logged in here is still the one who began it",
        "Otherwise what one person began could be connected to the account of another.",
        {"session_changed"},
        "RFC 9700, section 4.7",
        "app.vipps.routes:finish",
        "if not vipps.merchant.is_theirs(attempt)",
    ),
    _check(
        "place",
        "There was room: only so many logins may wait for Vipps at once, and none while it is known to be down",
        "Without the bound, a Vipps that hangs would take every thread, and the whole shop with it.",
        {"too_many_logins", "vipps_resting", "discovery_unusable"},
        "ASVS 15.4.4",
        "app.vipps.client:VippsClient.conversation",
        "if not self._slots.acquire(",
    ),
    _check(
        "issuer",
        "If the answer says who sent it, it is our provider",
        "A second, dishonest provider could otherwise pass its answers off as Vipps’ (a mix-up).",
        {"issuer_mismatch"},
        "RFC 9207, section 2.4",
        "app.vipps.client:VippsClient.check_issuer",
        "issuers != [provider.issuer]",
    ),
    _check(
        "code",
        "Vipps says yes: there is a code, and no error",
        "An error is not a login. It gets a page of its own, in plain words.",
        {*REDIRECT_CODES, "code_missing", "code_malformed"},
        "RFC 6749, section 4.1.2",
        "app.vipps.routes:code_of",
        "raise refused_by_vipps(",
    ),
    _check(
        "token_answer",
        "Vipps took the code, the PKCE verifier and our secret",
        "A stolen code is worth nothing to somebody who lacks the verifier, which never left this shop.",
        {*_OUTAGE, "invalid_client", "invalid_grant", "token_refused", "token_garbled"},
        "RFC 7636, section 4.6",
        "app.vipps.client:VippsClient.exchange",
        "code_verifier=attempt.code_verifier",
        "Where the verifier is sent; Vipps checks it",
    ),
    _check(
        "form",
        "There is an ID token, and it has the form of one",
        "What cannot be read is not guessed at.",
        {"id_token_missing", "id_token_malformed"},
        "OpenID Connect Core, section 3.1.3.3",
        "app.vipps.id_token:validate",
        'raw.count(".") != 2',
    ),
    _check(
        "algorithm",
        "It is signed by RS256 and nothing else",
        "A token that says “none”, or that takes our public key for a password, would let anybody write one.",
        {"id_token_algorithm"},
        "RFC 8725, section 3.1",
        "app.vipps.id_token:_key_id",
        'header.get("alg") != ALGORITHM',
    ),
    _check(
        "signature",
        "The signature is by a key that Vipps has published",
        "Only Vipps can have written this token, and nobody has changed a letter of it since.",
        {"id_token_signature", "keys_unusable"},
        "OpenID Connect Core, section 3.1.3.7 (6)",
        "app.vipps.id_token:_verified",
        "return jwt.decode(raw, key",
    ),
    _check(
        "subject",
        "It names a person (sub)",
        "An empty or endless name would match the wrong account.",
        {"id_token_subject"},
        "OpenID Connect Core, section 2",
        "app.vipps.id_token:is_subject",
        "len(value) > LONGEST_SUBJECT",
    ),
    _check(
        "iss",
        "It comes from our provider (iss)",
        "A token of Vipps’ test environment must not open an account in the real shop.",
        {"id_token_issuer"},
        "OpenID Connect Core, section 3.1.3.7 (2)",
        "app.vipps.id_token:validate",
        '"iss": {"essential": True, "value": issuer}',
        COMPARED,
    ),
    _check(
        "aud",
        "It is meant for us (aud)",
        "Another shop that you log in to gets a token as well. It must not work here.",
        {"id_token_audience"},
        "OpenID Connect Core, section 3.1.3.7 (3)",
        "app.vipps.id_token:validate",
        '"aud": {"essential": True, "value": client_id}',
        COMPARED,
    ),
    _check(
        "times",
        "It is fresh (exp, iat)",
        "A token that somebody found in an old log is worth nothing.",
        {"id_token_expired", "id_token_times"},
        "OpenID Connect Core, section 3.1.3.7 (9)",
        "app.vipps.id_token:validate",
        "claims.validate(leeway=LEEWAY)",
    ),
    _check(
        "nonce",
        "It belongs to this very login (nonce)",
        "A good token of another login, slipped in here, would log you in as somebody else.",
        {"id_token_nonce"},
        "OpenID Connect Core, section 3.1.3.7 (11)",
        "app.vipps.id_token:validate",
        'params={"nonce": nonce',
        COMPARED,
    ),
    _check(
        "at_hash",
        "The access token that came with it is the one it was made for (at_hash)",
        "The two cannot be exchanged one by one.",
        {"id_token_at_hash"},
        "OpenID Connect Core, section 3.1.3.8",
        "app.vipps.id_token:validate",
        '"access_token": access_token}',
        COMPARED,
    ),
    _check(
        "app",
        "If you were to confirm in the app, you did (acr)",
        "Otherwise a browser that Vipps remembers would be enough to change what only you may change.",
        {"not_confirmed_in_app"},
        "Vipps Login API guide, in-app confirmation",
        "app.vipps.client:VippsClient.validate",
        "id_token.acr != IN_APP",
    ),
    _check(
        "userinfo_answer",
        "Vipps tells who you are",
        "No answer, half an answer or an error page is not taken for a person.",
        {*_OUTAGE, "userinfo_refused", "userinfo_garbled"},
        "OpenID Connect Core, section 5.3",
        "app.vipps.client:_userinfo",
        "if answer.status != 200",
    ),
    _check(
        "same_person",
        "It is the same person as in the ID token (sub)",
        "The two answers come separately, and could be about two people.",
        {"userinfo_subject"},
        "OpenID Connect Core, section 5.3.2",
        "app.vipps.client:VippsClient.userinfo",
        'claims.get("sub") != id_token.subject',
    ),
)


def judged(start: Mapping[str, Any] | None, callback: Mapping[str, Any]) -> list[Judged]:
    """Return every check with what became of it; none for a callback that repeats one that was answered before."""
    failure, calls = callback["failure"], callback["calls"]
    if not failure and not calls:
        return []
    stopped = _stopped_at(failure, calls)
    results = []
    for position, check in enumerate(CHECKS):
        result = Result.PASSED if position < stopped else Result.NOT_REACHED
        if position == stopped:
            result = Result.FAILED
        shown = _compared(check.key, start, callback) if result is not Result.NOT_REACHED else ()
        results.append(Judged(check, result, shown))
    return results


def _stopped_at(failure: str, calls: Sequence[Mapping[str, Any]]) -> int:
    """Return the position of the check that failed, or one behind the last."""
    asked_who = any(call["url"].endswith("userinfo") for call in calls)
    for position, check in enumerate(CHECKS):
        if failure in check.codes and not (check.key == "token_answer" and failure in _OUTAGE and asked_who):
            return position
    # Refused after all checks, by what the shop knows; or the database failed: before the calls, or after them.
    return len(CHECKS) if calls or not failure else 0


def _compared(key: str, start: Mapping[str, Any] | None, callback: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return what was compared, as far as both sides were recorded."""
    sent = dict(start["location_query"]) if start else {}
    got = dict(callback["query"])
    token = next((call["id_token"] for call in callback["calls"] if call["id_token"]), None) or {}
    claims, header = token.get("claims", {}), token.get("header", {})
    person = next((call["answer"] for call in callback["calls"] if call["url"].endswith("userinfo")), None) or {}
    known: dict[str, list[tuple[str, Any]]] = {
        "state": [("we sent", sent.get("state")), ("came back", got.get("state"))],
        "algorithm": [("the token says", header.get("alg")), ("we accept", "RS256")],
        "signature": [("the key’s name (kid)", header.get("kid"))],
        "iss": [("we asked", callback.get("issuer")), ("the token says", claims.get("iss"))],
        "aud": [("we are", sent.get("client_id")), ("the token says", claims.get("aud"))],
        "times": [("written (iat)", _moment(claims.get("iat"))), ("good until (exp)", _moment(claims.get("exp")))],
        "nonce": [("we sent", sent.get("nonce")), ("the token says", claims.get("nonce"))],
        "subject": [("the token says", claims.get("sub"))],
        "same_person": [("the ID token says", claims.get("sub")), ("userinfo says", person.get("sub"))],
    }
    pairs = [(name, value) for name, value in known.get(key, []) if value]
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs]


def _moment(seconds: Any) -> Any:
    """Return seconds since 1970 as people write a moment; what is no such number stays as it came."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return seconds

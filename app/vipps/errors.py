"""Everything that can go wrong in a login, by name.

A refusal says three things: what the person sees (`page`), what the merchant should look for (`cause`), and which
clause asks for the check (`source`). Pages, logs and tests read the same table. Texts for people are in
`pages`; causes are for developers and stay English.
"""

import re
from dataclasses import dataclass
from typing import Literal

from .pages import (
    ACCOUNT_BLOCKED,
    ALREADY_USED,
    BUSY,
    CANCELLED,
    DATABASE_DOWN,
    LINKED_ELSEWHERE,
    MEMBERS_ONLY,
    NO_APP_CONFIRMATION,
    NOT_CONFIRMED,
    OLD_APP,
    OTHER_BROWSER,
    OTHER_PERSON,
    OTHER_SUBJECT,
    OUR_MISTAKE,
    PAUSE,
    PROOF_SPENT,
    PROVIDER_SLOW,
    PROVIDER_TROUBLE,
    RESTING,
    SESSION_CHANGED,
    SEVERAL_ACCOUNTS,
    TOO_LATE,
    TRY_AGAIN,
    UNKNOWN_LOGIN,
    WRONG_NUMBER,
    Page,
)

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Refusal:
    """One way in which a login ends without anybody being logged in.

    `status` is the HTTP status of the page: 4xx, or 502, 503, 504 when Vipps failed. `level` is that of the log
    line: `error` only for what an operator must mend.
    """

    code: str
    page: Page
    status: int
    level: Level
    cause: str
    source: str


class LoginRefused(Exception):  # noqa: N818 - it is an outcome, not a fault
    """A login ends here. `detail` is for the log only: short, and free of codes, tokens and personal data.

    `reasons` are those of a decision (`matching`), shown to the person; `retry_after` is in how many seconds trying
    again may help, if that is known.
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


_GUIDE = "Vipps Login API guide, error codes"
_OAUTH = "RFC 6749, section 4.1.2.1"
_OIDC = "OpenID Connect Core, section 3.1.2.6"
_CORE = "OpenID Connect Core, section 3.1.3.7"

# What Vipps may say in `error=` on the redirect. Undocumented codes will appear; they become `unknown_error`.
_REDIRECT = (
    Refusal("access_denied", CANCELLED, 403, "info", "The person cancelled, or declined to share.", _GUIDE),
    Refusal("server_error", PROVIDER_TROUBLE, 502, "warning", "A fault at Vipps; see its status page.", _GUIDE),
    Refusal("login_required", TRY_AGAIN, 400, "info", "An interactive login is needed.", _GUIDE),
    Refusal("outdated_app_version", OLD_APP, 400, "info", "The person's app is too old for this flow.", _GUIDE),
    Refusal(
        "wrong_challenge",
        WRONG_NUMBER,
        403,
        "warning",
        "Another number was chosen in the app; possibly somebody else's login, so never retried by itself.",
        _GUIDE,
    ),
    Refusal(
        "invalid_app_callback_uri", OUR_MISTAKE, 502, "error", "The app_callback_uri we sent is malformed.", _GUIDE
    ),
    Refusal(
        "app_callback_uri_not_registered",
        OUR_MISTAKE,
        502,
        "error",
        "Register the app_callback_uri as a redirect URI in the business portal.",
        _GUIDE,
    ),
    Refusal(
        "unknown_reject_reason", TRY_AGAIN, 400, "warning", "The app rejected the login and gave no reason.", _GUIDE
    ),
    Refusal(
        "invalid_request", OUR_MISTAKE, 502, "error", "A parameter is missing or the redirect URI differs.", _OAUTH
    ),
    Refusal(
        "invalid_scope", OUR_MISTAKE, 502, "error", "VIPPS_SCOPES holds a scope that this unit may not ask.", _OAUTH
    ),
    Refusal(
        "invalid_state",
        OUR_MISTAKE,
        502,
        "error",
        "The state was under 8 characters. Probable code; the documentation names none.",
        "Vipps Login API guide, browser flow integration",
    ),
    Refusal("unauthorized_client", OUR_MISTAKE, 502, "error", "The client may not use this flow.", _OAUTH),
    Refusal("unsupported_response_type", OUR_MISTAKE, 502, "error", "Vipps supports response_type=code only.", _OAUTH),
    Refusal("temporarily_unavailable", PROVIDER_TROUBLE, 503, "warning", "Vipps asks to come back later.", _OAUTH),
    Refusal("interaction_required", TRY_AGAIN, 400, "info", "The person must take part.", _OIDC),
    Refusal("consent_required", TRY_AGAIN, 400, "info", "The person must consent.", _OIDC),
    Refusal("account_selection_required", TRY_AGAIN, 400, "info", "The person must choose an account.", _OIDC),
    Refusal(
        "unknown_error", TRY_AGAIN, 400, "warning", "An error code that is not documented; it is in the log.", _GUIDE
    ),
)

_START = (
    Refusal(
        "too_many_starts",
        PAUSE,
        429,
        "warning",
        "One network address began more logins in a minute than the merchant takes from it.",
        "ASVS 2.4.1",
    ),
)

_CALLBACK = (
    Refusal("state_missing", UNKNOWN_LOGIN, 400, "info", "No state, or more than one.", "RFC 6749, section 10.12"),
    Refusal("state_unknown", UNKNOWN_LOGIN, 400, "info", "No such login, or it is long gone.", "RFC 9700, section 4.7"),
    Refusal(
        "state_expired", TOO_LATE, 400, "info", "The login was begun more than 15 minutes ago.", "RFC 9700, section 4.7"
    ),
    Refusal(
        "state_used", ALREADY_USED, 400, "info", "A repeated callback: reload, back button.", "RFC 9700, section 4.2.4"
    ),
    Refusal(
        "other_browser",
        OTHER_BROWSER,
        400,
        "info",
        "The cookie that binds the login to a browser is missing: app switch, private mode, blocked cookies.",
        "Vipps knowledge base, redirects",
    ),
    Refusal(
        "not_this_browser",
        OTHER_BROWSER,
        400,
        "warning",
        "The login belongs to a browser that is not this one; possibly login CSRF.",
        "RFC 9700, section 4.7",
    ),
    Refusal("code_missing", NOT_CONFIRMED, 400, "warning", "Neither code nor error.", "RFC 6749, section 4.1.2"),
    Refusal(
        "code_malformed", NOT_CONFIRMED, 400, "warning", "Not a code that could be valid.", "RFC 6749, appendix A.11"
    ),
    Refusal(
        "issuer_mismatch",
        NOT_CONFIRMED,
        400,
        "error",
        "The response's iss is not our provider: a mix-up attack, or two environments mixed.",
        "RFC 9207, section 2.4",
    ),
)

_PROVIDER = (
    Refusal(
        "vipps_unreachable",
        PROVIDER_TROUBLE,
        502,
        "warning",
        "No connection, or it was cut.",
        "RFC 9110, section 15.6.3",
    ),
    Refusal(
        "vipps_timeout",
        PROVIDER_SLOW,
        504,
        "warning",
        "No complete answer within the deadline.",
        "RFC 9110, section 15.6.5",
    ),
    Refusal("vipps_failing", PROVIDER_TROUBLE, 502, "warning", "A 5xx from Vipps.", "RFC 9110, section 15.6"),
    Refusal("vipps_overloaded", PROVIDER_TROUBLE, 503, "warning", "Vipps answered 429 or 503.", "RFC 6585, section 4"),
    Refusal(
        "vipps_resting",
        RESTING,
        503,
        "info",
        "Several calls in a row got no answer, so none is made for some seconds; their own lines say why.",
        "RFC 9110, section 15.6.4",
    ),
    Refusal("answer_too_large", PROVIDER_TROUBLE, 502, "error", "More than 1 MiB, unpacked.", "ASVS 15.2.2"),
    Refusal(
        "redirect_refused",
        PROVIDER_TROUBLE,
        502,
        "error",
        "An endpoint answered with a redirect; following it would hand the code to whoever it names.",
        "ASVS 15.3.2",
    ),
    Refusal(
        "discovery_unusable",
        PROVIDER_TROUBLE,
        502,
        "error",
        "The discovery document lacks a member, names another issuer or another host.",
        "OpenID Connect Discovery, section 4.3",
    ),
    Refusal(
        "keys_unusable", PROVIDER_TROUBLE, 502, "error", "No usable RSA key in the key set.", "RFC 7517, section 5"
    ),
    Refusal(
        "too_many_logins",
        BUSY,
        503,
        "warning",
        "More logins wait for Vipps than VIPPS_CONCURRENT_LOGINS.",
        "ASVS 15.4.4",
    ),
    Refusal(
        "database_unavailable",
        DATABASE_DOWN,
        503,
        "error",
        "The shop's database failed; nothing was kept.",
        "ASVS 2.3.3",
    ),
)

_TOKEN = (
    Refusal(
        "invalid_client",
        OUR_MISTAKE,
        502,
        "error",
        "Wrong VIPPS_CLIENT_ID or VIPPS_CLIENT_SECRET, keys of the other environment, Login not activated on the sales "
        "unit, or VIPPS_CLIENT_AUTH_METHOD differs from the business portal.",
        "RFC 6749, section 5.2",
    ),
    Refusal(
        "invalid_grant",
        NOT_CONFIRMED,
        400,
        "warning",
        "The code is expired, used or another client's, or redirect URI or verifier differ. A code is never retried.",
        "RFC 6749, section 5.2",
    ),
    Refusal(
        "token_refused", OUR_MISTAKE, 502, "error", "The token endpoint refused the request.", "RFC 6749, section 5.2"
    ),
    Refusal(
        "token_garbled", PROVIDER_TROUBLE, 502, "error", "The token answer is no usable JSON.", "RFC 6749, section 5.1"
    ),
)

_IDENTITY = (
    Refusal(
        "id_token_missing",
        NOT_CONFIRMED,
        502,
        "error",
        "The token answer has no ID token.",
        "OpenID Connect Core, section 3.1.3.3",
    ),
    Refusal(
        "id_token_malformed",
        NOT_CONFIRMED,
        502,
        "error",
        "Not a signed JWT with an object in it.",
        "RFC 7519, section 7.2",
    ),
    Refusal(
        "id_token_algorithm",
        NOT_CONFIRMED,
        502,
        "error",
        "Signed with something else than RS256.",
        "RFC 8725, section 3.1",
    ),
    Refusal(
        "id_token_signature", NOT_CONFIRMED, 502, "error", "The signature is not by a key of Vipps.", _CORE + " (6)"
    ),
    Refusal(
        "id_token_issuer", NOT_CONFIRMED, 502, "error", "Issued by somebody else, to the character.", _CORE + " (2)"
    ),
    Refusal("id_token_audience", NOT_CONFIRMED, 502, "error", "Meant for another client.", _CORE + " (3)-(5)"),
    Refusal(
        "id_token_expired",
        NOT_CONFIRMED,
        502,
        "warning",
        "Expired; if often, check this host's clock.",
        _CORE + " (9)",
    ),
    Refusal(
        "id_token_times",
        NOT_CONFIRMED,
        502,
        "warning",
        "iat, nbf or exp missing or impossible.",
        _CORE + " (9)-(10)",
    ),
    Refusal(
        "id_token_nonce",
        NOT_CONFIRMED,
        502,
        "error",
        "Not the nonce of this login: replayed or injected.",
        _CORE + " (11)",
    ),
    Refusal(
        "id_token_subject",
        NOT_CONFIRMED,
        502,
        "error",
        "No usable sub: 1 to 255 characters of text.",
        "OpenID Connect Core, section 2",
    ),
    Refusal(
        "id_token_at_hash",
        NOT_CONFIRMED,
        502,
        "error",
        "The access token is not this ID token's.",
        "OpenID Connect Core, section 3.1.3.8",
    ),
    Refusal(
        "userinfo_refused",
        PROVIDER_TROUBLE,
        502,
        "error",
        "Userinfo did not accept the access token.",
        "OpenID Connect Core, section 5.3.3",
    ),
    Refusal(
        "userinfo_garbled",
        PROVIDER_TROUBLE,
        502,
        "error",
        "The userinfo answer is no JSON object.",
        "OpenID Connect Core, section 5.3.2",
    ),
    Refusal(
        "userinfo_subject",
        NOT_CONFIRMED,
        502,
        "error",
        "Userinfo is about another sub than the ID token.",
        "OpenID Connect Core, section 5.3.2",
    ),
)

_ADVICE = "Vipps Login API guide, best practices for linking user accounts"
_DECISION = (
    Refusal(
        "session_changed",
        SESSION_CHANGED,
        403,
        "warning",
        "Another session is logged in than the one that began this: logged out meanwhile, or session fixation.",
        "RFC 9700, section 4.7",
    ),
    Refusal(
        "proof_spent",
        PROOF_SPENT,
        403,
        "info",
        "The mailed link, or the login that it would finish, was used or is more than an hour old.",
        "ASVS 6.6.3",
    ),
    Refusal(
        "not_confirmed_in_app",
        NO_APP_CONFIRMATION,
        403,
        "warning",
        "No acr urn:vipps:acr:app_auth in the ID token; in-app confirmation needs the advanced plan.",
        "Vipps Login API guide, in-app confirmation",
    ),
    Refusal(
        "several_accounts", SEVERAL_ACCOUNTS, 409, "info", "E-mail and number lead to more than one account.", _ADVICE
    ),
    Refusal(
        "other_subject",
        OTHER_SUBJECT,
        409,
        "warning",
        "The account has another sub: a new Vipps profile of its owner, or somebody else's.",
        "ASVS 6.8.1",
    ),
    Refusal(
        "linked_elsewhere", LINKED_ELSEWHERE, 409, "warning", "The sub is linked to another account.", "ASVS 6.8.1"
    ),
    Refusal("other_person", OTHER_PERSON, 403, "warning", "A sub came back that is not this account's.", "ASVS 7.5.1"),
    Refusal("members_only", MEMBERS_ONLY, 403, "info", "No account, and none is made by logging in.", _ADVICE),
    Refusal("account_blocked", ACCOUNT_BLOCKED, 403, "warning", "The account is blocked.", "ASVS 7.4.2"),
)

REDIRECT_CODES = frozenset(refusal.code for refusal in _REDIRECT)
REFUSALS = {
    refusal.code: refusal for refusal in (*_REDIRECT, *_START, *_CALLBACK, *_PROVIDER, *_TOKEN, *_IDENTITY, *_DECISION)
}


def refused_by_vipps(error: str) -> LoginRefused:
    """Turn the redirect's `error` into a refusal; what is not documented keeps its name in the log only."""
    if error in REDIRECT_CODES:
        return LoginRefused(error)
    return LoginRefused("unknown_error", detail=loggable(error))


def loggable(word: object) -> str:
    """Return an error code as it may stand in the log: anything else than a plain word could be a secret."""
    return word if isinstance(word, str) and re.fullmatch(r"[a-z_]{1,40}", word) else "(unusual)"

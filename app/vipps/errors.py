"""Every refusal of a login, by name: its page, its HTTP status, its log level, its cause and its clause.

Pages, logs and tests read this one table. The texts that people read are in `pages`, where they can be translated;
causes are for developers and stay English.
"""

import re
from dataclasses import dataclass
from typing import Literal

from .pages import (
    ACCOUNT_BLOCKED,
    ALREADY_USED,
    BUSY,
    CANCELLED,
    COUNTER,
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
    RefusalPage,
)

LogLevel = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Refusal:
    """One way in which a login ends without a session.

    `status` is the HTTP status of the page: 4xx, or 502, 503, 504 when Vipps failed. `level` is that of the log
    line: `error` only if an operator must act. `source` is the clause that requires the check.
    """

    code: str
    page: RefusalPage
    status: int
    level: LogLevel
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


def _refusals(page: RefusalPage, status: int, level: LogLevel, **causes: tuple[str, str]) -> dict[str, Refusal]:
    """Return the refusals of one page by their code, each with its cause and the clause behind it."""
    return {code: Refusal(code, page, status, level, cause, source) for code, (cause, source) in causes.items()}


GUIDE = "Vipps Login API guide, error codes"
LINKING_GUIDE = "Vipps Login API guide, best practices for linking user accounts"
OAUTH_REDIRECT = "RFC 6749, section 4.1.2.1"
OAUTH_TOKEN = "RFC 6749, section 5.2"  # noqa: S105 - a clause, not a password
OIDC_REDIRECT = "OpenID Connect Core, section 3.1.2.6"
ID_TOKEN = "OpenID Connect Core, section 3.1.3.7"  # noqa: S105 - a clause
USERINFO = "OpenID Connect Core, section 5.3.2"
STATE = "RFC 9700, section 4.7"

# Errors that Vipps sends in `error=` on the redirect. Any other code becomes `unknown_error`.
# fmt: off
_FROM_REDIRECT = {
    **_refusals(CANCELLED, 403, "info",
        access_denied=("The person cancelled, or declined to share.", GUIDE),
    ),
    **_refusals(TRY_AGAIN, 400, "info",
        login_required=("An interactive login is needed.", GUIDE),
        interaction_required=("The person must take part.", OIDC_REDIRECT),
        consent_required=("The person must consent.", OIDC_REDIRECT),
        account_selection_required=("The person must choose an account.", OIDC_REDIRECT),
    ),
    **_refusals(TRY_AGAIN, 400, "warning",
        unknown_reject_reason=("The app rejected the login and gave no reason.", GUIDE),
        unknown_error=("An error code that is not documented; it is in the log.", GUIDE),
    ),
    **_refusals(OLD_APP, 400, "info",
        outdated_app_version=("The person's app is too old for this flow.", GUIDE),
    ),
    **_refusals(WRONG_NUMBER, 403, "warning",
        wrong_challenge=(
            ("The person chose another number in the app. The login may be an attacker's, so never retry it "
            "automatically."),
            GUIDE),
    ),
    **_refusals(PROVIDER_TROUBLE, 502, "warning",
        server_error=("A fault at Vipps; see its status page.", GUIDE),
    ),
    **_refusals(PROVIDER_TROUBLE, 503, "warning",
        temporarily_unavailable=("Vipps asks to come back later.", OAUTH_REDIRECT),
    ),
    **_refusals(OUR_MISTAKE, 502, "error",
        invalid_app_callback_uri=("The app_callback_uri that the shop sent is malformed.", GUIDE),
        app_callback_uri_not_registered=(
            "Register the app_callback_uri as a redirect URI in the business portal.",
            GUIDE),
        invalid_request=("A parameter is missing, or the redirect URI differs.", OAUTH_REDIRECT),
        invalid_scope=("VIPPS_SCOPES has a scope that this sales unit may not request.", OAUTH_REDIRECT),
        invalid_state=(
            "The state had fewer than 8 characters. The code is a guess; the documentation names none.",
            "Vipps Login API guide, browser flow integration"),
        unauthorized_client=("The client may not use this flow.", OAUTH_REDIRECT),
        unsupported_response_type=("Vipps supports response_type=code only.", OAUTH_REDIRECT),
    ),
}
_OF_THE_CALLBACK = {
    **_refusals(UNKNOWN_LOGIN, 400, "info",
        state_missing=("No state, or more than one.", "RFC 6749, section 10.12"),
        state_unknown=("No login has this state, or it was deleted long ago.", STATE),
    ),
    **_refusals(TOO_LATE, 400, "info",
        state_expired=("The login started more than 15 minutes ago.", STATE),
    ),
    **_refusals(ALREADY_USED, 400, "info",
        state_used=("The callback was repeated: reload, back button.", "RFC 9700, section 4.2.4"),
    ),
    **_refusals(OTHER_BROWSER, 400, "info",
        other_browser=(
            ("The cookie that binds the login to a browser is missing: app switch, private mode, blocked "
            "cookies."),
            "Vipps knowledge base, redirects"),
    ),
    **_refusals(OTHER_BROWSER, 400, "warning",
        not_this_browser=("The login was started in another browser; possibly login CSRF.", STATE),
    ),
    **_refusals(NOT_CONFIRMED, 400, "warning",
        code_missing=("Neither code nor error.", "RFC 6749, section 4.1.2"),
        code_malformed=("The code cannot be valid.", "RFC 6749, appendix A.11"),
    ),
    **_refusals(NOT_CONFIRMED, 400, "error",
        issuer_mismatch=(
            "The response's iss is another provider: a mix-up attack, or two environments mixed.",
            "RFC 9207, section 2.4"),
    ),
}
_OF_THE_PROVIDER = {
    **_refusals(PROVIDER_TROUBLE, 502, "warning",
        vipps_unreachable=("No connection, or it was cut.", "RFC 9110, section 15.6.3"),
        vipps_failing=("Vipps answered with a 5xx status.", "RFC 9110, section 15.6"),
    ),
    **_refusals(PROVIDER_SLOW, 504, "warning",
        vipps_timeout=("No complete answer within the deadline.", "RFC 9110, section 15.6.5"),
    ),
    **_refusals(PROVIDER_TROUBLE, 503, "warning",
        vipps_overloaded=("Vipps answered 429 or 503.", "RFC 6585, section 4"),
    ),
    **_refusals(RESTING, 503, "info",
        vipps_resting=(
            ("The circuit breaker is open: several calls in a row failed, so the shop makes none for some "
            "seconds."),
            "RFC 9110, section 15.6.4"),
    ),
    **_refusals(PROVIDER_TROUBLE, 502, "error",
        answer_too_large=("The answer has more than 1 MiB, unpacked.", "ASVS 15.2.2"),
        redirect_refused=(
            "An endpoint answered with a redirect. Following it could send the code to another server.",
            "ASVS 15.3.2"),
        discovery_unusable=(
            "The discovery document lacks a member, or names another issuer or another host.",
            "OpenID Connect Discovery, section 4.3"),
        keys_unusable=("The key set has no usable RSA key.", "RFC 7517, section 5"),
        token_garbled=("The token response is not usable JSON.", "RFC 6749, section 5.1"),
        userinfo_refused=("Userinfo did not accept the access token.", "OpenID Connect Core, section 5.3.3"),
        userinfo_garbled=("The userinfo response is not a JSON object.", USERINFO),
    ),
    **_refusals(OUR_MISTAKE, 502, "error",
        invalid_client=(
            ("Wrong VIPPS_CLIENT_ID or VIPPS_CLIENT_SECRET, keys of the other environment, Login not activated "
            "on the sales unit, or VIPPS_CLIENT_AUTH_METHOD differs from the business portal."),
            OAUTH_TOKEN),
        token_refused=("The token endpoint refused the request.", OAUTH_TOKEN),
    ),
    **_refusals(NOT_CONFIRMED, 400, "warning",
        invalid_grant=(
            ("The code is expired, used or another client's, or the redirect URI or verifier differs. Never "
            "retry a code."),
            OAUTH_TOKEN),
    ),
}
_OF_THE_ID_TOKEN = {
    **_refusals(NOT_CONFIRMED, 502, "error",
        id_token_missing=("The token response has no ID token.", "OpenID Connect Core, section 3.1.3.3"),
        id_token_malformed=("Not a signed JWT with an object in it.", "RFC 7519, section 7.2"),
        id_token_algorithm=("The algorithm is not RS256.", "RFC 8725, section 3.1"),
        id_token_signature=("The signature is not by a key of Vipps.", ID_TOKEN + " (6)"),
        id_token_issuer=("iss is not exactly our provider's issuer.", ID_TOKEN + " (2)"),
        id_token_audience=("aud is another client.", ID_TOKEN + " (3)-(5)"),
        id_token_nonce=("The nonce is not this login's: replayed or injected.", ID_TOKEN + " (11)"),
        id_token_subject=("No usable sub: 1 to 255 characters of text.", "OpenID Connect Core, section 2"),
        id_token_auth_req_id=(
            "The ID token belongs to another merchant-initiated login.",
            "Vipps Login API guide, merchant-initiated login"),
        id_token_at_hash=("The access token does not belong to this ID token.", "OpenID Connect Core, section 3.1.3.8"),
        userinfo_subject=("The sub of userinfo differs from the ID token's.", USERINFO),
    ),
    **_refusals(NOT_CONFIRMED, 502, "warning",
        id_token_expired=("Expired. If this is frequent, check this host's clock.", ID_TOKEN + " (9)"),
        id_token_times=("iat, nbf or exp is missing or impossible.", ID_TOKEN + " (9)-(10)"),
    ),
}
_OF_THE_SHOP = {
    **_refusals(PAUSE, 429, "warning",
        too_many_starts=("One network address started more logins in a minute than the merchant allows.", "ASVS 2.4.1"),
    ),
    **_refusals(BUSY, 503, "warning",
        too_many_logins=("More logins wait for Vipps than VIPPS_CONCURRENT_LOGINS.", "ASVS 15.4.4"),
    ),
    **_refusals(COUNTER, 403, "info",
        no_vipps_user=(
            "No user has this phone number, or they may not use this login, for example under 15.",
            "Vipps Login API guide, merchant-initiated login"),
        other_phone=(
            "Userinfo has no phone number, or another one than staff entered.",
            "Vipps Login API guide, merchant-initiated login"),
        needs_proof=(
            "An account matches that the person has to prove is theirs, which they can do in their own browser only.",
            LINKING_GUIDE),
    ),
    **_refusals(COUNTER, 429, "info",
        too_many_prompts=(
            "Too many logins were started for one user at once.",
            "Vipps Login API guide, merchant-initiated login"),
    ),
    **_refusals(DATABASE_DOWN, 503, "error",
        database_unavailable=("The shop's database failed. Nothing was stored.", "ASVS 2.3.3"),
    ),
    **_refusals(SESSION_CHANGED, 403, "warning",
        session_changed=(
            ("Another session is logged in than the one that started this login: a logout meanwhile, or session "
            "fixation."),
            STATE),
    ),
    **_refusals(PROOF_SPENT, 403, "info",
        proof_spent=(
            "The mailed link, or the login that it would finish, was used or is more than an hour old.",
            "ASVS 6.6.3"),
    ),
    **_refusals(NO_APP_CONFIRMATION, 403, "warning",
        not_confirmed_in_app=(
            "No acr urn:vipps:acr:app_auth in the ID token; in-app confirmation needs the advanced plan.",
            "Vipps Login API guide, in-app confirmation"),
    ),
    **_refusals(SEVERAL_ACCOUNTS, 409, "info",
        several_accounts=("Email and phone number match more than one account.", LINKING_GUIDE),
    ),
    **_refusals(OTHER_SUBJECT, 409, "warning",
        other_subject=(
            "The account is linked to another sub: a new Vipps profile of its owner, or another person's.",
            "ASVS 6.8.1"),
    ),
    **_refusals(LINKED_ELSEWHERE, 409, "warning",
        linked_elsewhere=("The sub is linked to another account.", "ASVS 6.8.1"),
    ),
    **_refusals(OTHER_PERSON, 403, "warning",
        other_person=("The sub is not the one linked to this account.", "ASVS 7.5.1"),
    ),
    **_refusals(MEMBERS_ONLY, 403, "info",
        members_only=("No account matches, and logins create none.", LINKING_GUIDE),
    ),
    **_refusals(ACCOUNT_BLOCKED, 403, "warning",
        account_blocked=("The account is blocked.", "ASVS 7.4.2"),
    ),
}
# fmt: on

REDIRECT_CODES = frozenset(_FROM_REDIRECT)
REFUSALS = {**_FROM_REDIRECT, **_OF_THE_CALLBACK, **_OF_THE_PROVIDER, **_OF_THE_ID_TOKEN, **_OF_THE_SHOP}


def refused_by_vipps(error: str) -> LoginRefused:
    """Turn the redirect's `error` into a refusal. The name of an undocumented error goes to the log only."""
    if error in REDIRECT_CODES:
        return LoginRefused(error)
    return LoginRefused("unknown_error", detail=loggable(error))


def loggable(word: object) -> str:
    """Return an error code for the log, or "(unusual)": a value that is not a plain word could be a secret."""
    return word if isinstance(word, str) and re.fullmatch(r"[a-z_]{1,40}", word) else "(unusual)"

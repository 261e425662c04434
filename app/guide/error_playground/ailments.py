"""The table of what goes wrong: how it looks, where it comes from, what to do, and how this shop ends it.

`refusal` names the page that the customer gets (`app.vipps.errors`); it is empty where the login goes well in spite of
everything. `simulate` is the mishap at the simulator, and `here` what this shop does to the login itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.vipps.errors import REFUSALS, Refusal

PREFIX = "/guide/errors"


@dataclass(frozen=True)
class Ailment:
    """One thing that goes wrong. Without `simulate` and `here` it cannot be shown in one login, and `how` says why.

    `fix` may be empty where nothing is to be mended: the customer tries again.
    """

    name: str
    title: str
    looks: str
    cause: str
    fix: str
    refusal: str = ""
    simulate: str = ""
    here: str = ""
    how: str = ""

    @property
    def ends_as(self) -> Refusal | None:
        """Return the refusal that it ends in, if it ends in one."""
        return REFUSALS.get(self.refusal)

    @property
    def can_be_tried(self) -> bool:
        """Tell whether a button can make it happen."""
        return bool(self.simulate or self.here)


@dataclass(frozen=True)
class Ward:
    """A group of ailments that show at the same place of a login."""

    title: str
    lead: str
    ailments: Sequence[Ailment]
    comes_back: bool = True


def _said(code: str, title: str, fix: str, cause: str = "") -> Ailment:
    """Return an error that Vipps says on the redirect back."""
    looks = f"The callback comes with error={code} and no code."
    return Ailment(code, title, looks, cause or REFUSALS[code].cause, fix, code, simulate=code)


REDIRECT = Ward(
    "What Vipps says on the way back",
    "The browser comes back with an error instead of a code. The state is checked all the same, and the description,"
    " which anybody could have written into the address, is never shown.",
    (
        _said("access_denied", "The person says no", "Nothing to mend: offer the login again, and another way in."),
        _said(
            "wrong_challenge",
            "Another number was chosen in the app",
            "Never retry by yourself; the person starts again.",
        ),
        _said("outdated_app_version", "The app is too old", "Tell the person to update the app."),
        _said("server_error", "A fault at Vipps", "Offer to try again; look at Vipps’ status page."),
        _said("temporarily_unavailable", "Vipps is busy", "Offer to try again in a moment."),
        _said("unknown_reject_reason", "The app rejects it, and gives no reason", "Offer to try again."),
        _said(
            "login_required",
            "An interactive login is needed",
            "Begin again without prompt=none, which Vipps does not have.",
        ),
        _said("interaction_required", "The person must take part", "Begin again with an ordinary request."),
        _said("consent_required", "Consent is missing", "Begin again with an ordinary request."),
        _said("account_selection_required", "An account must be chosen", "Begin again with an ordinary request."),
        _said(
            "invalid_request", "The request was wrong", "Compare your authorization request, parameter by parameter."
        ),
        _said("invalid_scope", "A scope does not exist, or is not yours", "Correct VIPPS_SCOPES; a typo is enough."),
        _said("invalid_state", "The state is too short", "Send at least eight characters; this shop sends 43."),
        _said(
            "unauthorized_client",
            "This client may not do that",
            "Activate Login on the sales unit in the business portal.",
        ),
        _said("unsupported_response_type", "Not the code flow", "Send response_type=code; Vipps has nothing else."),
        _said("invalid_app_callback_uri", "The app’s address is malformed", "Correct app_callback_uri."),
        _said(
            "app_callback_uri_not_registered", "The app’s address is not registered", "Register it like a redirect URI."
        ),
        Ailment(
            "undocumented_error",
            "An error that no page lists",
            "The callback comes with a word nobody has heard of.",
            "Providers invent new ones without notice.",
            "Have one page for everything unknown, and write the word into the log.",
            "unknown_error",
            simulate="undocumented_error",
        ),
    ),
)

NEVER_BACK = Ward(
    "When the browser never comes back",
    "Vipps sends the browser nowhere: the customer sees an error page there, and your server sees nothing at all.",
    (
        Ailment(
            "redirect_uri_unregistered",
            "The redirect URI is not registered",
            "An error page at Vipps, right after the button.",
            "It differs from what is registered by a letter, a slash or the scheme; or by the environment.",
            "Register {PUBLIC_URL}/login/vipps/callback exactly, in each environment by itself.",
            simulate="redirect_uri_unregistered",
        ),
        Ailment(
            "client_unknown",
            "The client id is unknown",
            "An error page at Vipps, right after the button.",
            "The client id of the test environment in production, or the other way round.",
            "Take both keys from the same environment of the business portal.",
            simulate="client_unknown",
        ),
        Ailment(
            "address_too_long",
            "502 Bad Gateway, right after the button",
            "A bare error page of the gateway.",
            "The whole address has 2,000 characters or more, or the state or nonce 1,000.",
            "Keep what you need in your database, not in the state.",
            how="This shop’s state has 43 characters, so its address cannot grow that long.",
        ),
        Ailment(
            "stuck_on_the_phone",
            "The customer waits in the app, or returns to the wrong browser",
            "A login that was begun and never finished.",
            "Notifications are off, the app is old, or the phone returns to another browser.",
            "Say on the login page what to do; accept that the login ends, and offer to begin again.",
            how="It happens on a phone. What the other browser gets is shown below: a lost cookie.",
        ),
    ),
    comes_back=False,
)

CALLBACK = Ward(
    "At the callback",
    "Something is wrong with the answer, or with the browser that brings it. Nothing is sent to Vipps.",
    (
        Ailment(
            "lost_cookie",
            "The cookie is gone",
            "The callback comes from a browser without the cookie that this login was tied to.",
            "The app opened another browser, cookies are blocked, or a private window was closed.",
            "Explain, and offer to begin again in this browser. Never finish the login here: it may be a stranger’s.",
            "other_browser",
            here="lose_cookie",
        ),
        Ailment(
            "other_cookie",
            "The login belongs to another browser",
            "There is a cookie, but not the one.",
            "Somebody sent this person a finished login of their own: login CSRF.",
            "Refuse, always.",
            "not_this_browser",
            here="other_cookie",
        ),
        Ailment(
            "too_late",
            "The login was begun too long ago",
            "A state that is known, but older than 15 minutes.",
            "The person went for a coffee.",
            "Offer to begin again.",
            "state_expired",
            here="too_late",
        ),
        Ailment(
            "callback_repeated",
            "The callback comes twice",
            "The same address is opened again: a double click, a reload, the back button.",
            "Browsers do that.",
            "Take the login once, and lead the repetition to the same place. Never exchange a code twice.",
            here="repeat",
        ),
        Ailment(
            "state_wrong",
            "A state that nobody made",
            "The callback names a login that does not exist.",
            "Somebody made the address up, or it is from another environment.",
            "Refuse. It costs one look into the database.",
            "state_unknown",
            simulate="state_wrong",
        ),
        Ailment(
            "state_missing",
            "No state at all",
            "The callback has a code, and no state.",
            "Not an answer to a request of ours.",
            "Refuse.",
            "state_missing",
            simulate="state_missing",
        ),
        Ailment(
            "code_missing",
            "Neither code nor error",
            "The callback has a state and nothing else.",
            "A proxy that cuts addresses, or somebody playing.",
            "Refuse.",
            "code_missing",
            simulate="code_missing",
        ),
        Ailment(
            "code_twice",
            "Two codes",
            "The callback has the parameter twice.",
            "Somebody hopes that two parts of the software take different ones.",
            "Refuse: a parameter comes once (RFC 6749, section 3.1).",
            "code_missing",
            simulate="code_twice",
        ),
        Ailment(
            "issuer_wrong",
            "The answer says it is from somebody else",
            "The callback has an iss that is not the provider’s.",
            "A mix-up attack, or two environments mixed.",
            "Compare iss whenever it comes (RFC 9207).",
            "issuer_mismatch",
            simulate="issuer_wrong",
        ),
    ),
)

TOKEN = Ward(
    "At the token endpoint",
    "The shop hands in the code. A code works once, so nothing here is ever retried: the person begins again.",
    (
        Ailment(
            "client_secret_wrong",
            "invalid_client: the secret is wrong",
            "401 with invalid_client.",
            "A typo, the keys of the other environment, or a key that was renewed.",
            "Compare VIPPS_CLIENT_ID and VIPPS_CLIENT_SECRET with the portal; `flask doctor` tries them.",
            "invalid_client",
            simulate="client_secret_wrong",
        ),
        Ailment(
            "client_method_wrong",
            "invalid_client: the method is wrong",
            "401 with invalid_client, and the secret is right.",
            "The secret is sent in the header, and the sales unit is set to the body, or the other way round.",
            "Set VIPPS_CLIENT_AUTH_METHOD as in the portal.",
            "invalid_client",
            simulate="client_method_wrong",
        ),
        Ailment(
            "code_expired",
            "invalid_grant: the code is too old",
            "400 with invalid_grant.",
            "It waited for more than a couple of minutes: a queue, a breakpoint, a slow server.",
            "Exchange it in the callback, at once.",
            "invalid_grant",
            simulate="code_expired",
        ),
        Ailment(
            "code_reused",
            "invalid_grant: the code was used before",
            "400 with invalid_grant, often every second time.",
            "The callback ran twice: a double click, a prefetch, a retry.",
            "Take the login in one statement before the code is sent.",
            "invalid_grant",
            simulate="code_reused",
        ),
        Ailment(
            "verifier_wrong",
            "invalid_grant: the verifier does not fit",
            "400 with invalid_grant.",
            "The verifier of another login, kept in a place that two tabs share; or a redirect URI that differs.",
            "Keep the verifier with its login, not with the session.",
            "invalid_grant",
            simulate="verifier_wrong",
        ),
        Ailment(
            "grant_refused",
            "Another refusal",
            "400 with an error of another name.",
            "The client may not use this grant.",
            "Read the error in the log; ask Vipps with the request’s time and the merchant serial number.",
            "token_refused",
            simulate="grant_refused",
        ),
        Ailment(
            "token_slow",
            "Vipps does not answer",
            "Nothing for seconds.",
            "Trouble at Vipps, or in between.",
            "One deadline for the whole login, and a bound on how many may wait. Here it is five seconds.",
            "vipps_timeout",
            simulate="token_slow",
        ),
        Ailment(
            "token_down",
            "Vipps is down",
            "No connection, or one that ends without a word.",
            "Trouble at Vipps, or in between.",
            "Say so, and offer the other way in.",
            "vipps_unreachable",
            simulate="token_down",
        ),
        Ailment(
            "token_cut",
            "The answer ends in the middle",
            "Half an answer.",
            "A connection that was cut.",
            "Take an answer only when it is complete.",
            "vipps_unreachable",
            simulate="token_cut",
        ),
        Ailment(
            "token_500",
            "500 Internal Server Error",
            "An error of Vipps’ own.",
            "Trouble at Vipps.",
            "Say so, and offer the other way in.",
            "vipps_failing",
            simulate="token_500",
        ),
        Ailment(
            "token_502",
            "502 Bad Gateway",
            "A page of a gateway, in HTML.",
            "Trouble in front of Vipps.",
            "Look at the status before you read the body.",
            "vipps_failing",
            simulate="token_502",
        ),
        Ailment(
            "token_503",
            "503 Service Unavailable",
            "Vipps asks to come back later.",
            "A busy day.",
            "Say so; do not try again by yourself, since everybody else does too.",
            "vipps_overloaded",
            simulate="token_503",
        ),
        Ailment(
            "token_html",
            "HTML instead of JSON",
            "200, and a web page.",
            "A proxy that means well.",
            "Take only JSON for JSON.",
            "token_garbled",
            simulate="token_html",
        ),
        Ailment(
            "token_redirect",
            "A redirect to somewhere else",
            "307, and another address.",
            "A wrong base address; at worst somebody who wants your code and your secret.",
            "Never follow a redirect of the token endpoint.",
            "redirect_refused",
            simulate="token_redirect",
        ),
        Ailment(
            "token_endless",
            "An answer of four megabytes",
            "It does not end.",
            "A fault, or somebody who wants your memory.",
            "Read up to a limit; here it is 1 MiB.",
            "answer_too_large",
            simulate="token_endless",
        ),
    ),
)

ID_TOKEN = Ward(
    "In the ID token",
    "The token says who logged in. One check that is left out is a door; each has its own button here.",
    (
        Ailment(
            "id_token_missing",
            "There is none",
            "Tokens, but no ID token.",
            "openid is missing in the scope, or it is another kind of server.",
            "Ask for openid, and refuse an answer without an ID token: userinfo alone proves nothing.",
            "id_token_missing",
            simulate="id_token_missing",
        ),
        *(
            Ailment(name, title, looks, cause, "Refuse. There is nothing to be tried again.", refusal, simulate=name)
            for name, title, looks, cause, refusal in (
                (
                    "signature_wrong",
                    "A wrong signature",
                    "The signature is not of this token.",
                    "Somebody changed the token.",
                    "id_token_signature",
                ),
                (
                    "algorithm_none",
                    "No signature at all",
                    "The header says alg: none.",
                    "The oldest trick: libraries used to believe it.",
                    "id_token_algorithm",
                ),
                (
                    "algorithm_hmac",
                    "The public key as a password",
                    "The header says HS256.",
                    "The public key is public; whoever takes it for a shared secret accepts tokens from anybody.",
                    "id_token_algorithm",
                ),
                (
                    "key_unknown",
                    "A key that Vipps has never published",
                    "The header names a key that is not in the set.",
                    "A forged token. The keys are fetched once more before it is refused.",
                    "id_token_signature",
                ),
                (
                    "issuer_of_token_wrong",
                    "Another issuer",
                    "iss is not Vipps.",
                    "A token of another provider or of the other environment.",
                    "id_token_issuer",
                ),
                (
                    "audience_wrong",
                    "Another audience",
                    "aud is not this shop.",
                    "A token that was made for another shop, played back here.",
                    "id_token_audience",
                ),
                (
                    "nonce_wrong",
                    "Another nonce",
                    "The nonce is of another login.",
                    "A good token of another login, injected into this one.",
                    "id_token_nonce",
                ),
                (
                    "nonce_missing",
                    "No nonce",
                    "The nonce that was sent does not come back.",
                    "A token that belongs to no login.",
                    "id_token_nonce",
                ),
                (
                    "id_token_expired",
                    "Expired",
                    "exp is in the past.",
                    "An old token; or your server’s clock is wrong.",
                    "id_token_expired",
                ),
                (
                    "id_token_old",
                    "Written long ago",
                    "iat is years back, and exp is not.",
                    "Not a token of a login that began minutes ago.",
                    "id_token_times",
                ),
                ("subject_missing", "Nobody", "There is no sub.", "A token about no one.", "id_token_subject"),
                (
                    "at_hash_wrong",
                    "Another access token",
                    "at_hash does not fit.",
                    "One of the two tokens was exchanged.",
                    "id_token_at_hash",
                ),
            )
        ),
        Ailment(
            "key_rotated",
            "A new key",
            "The header names a key that the shop has not seen yet.",
            "Vipps has changed its keys, as every provider does.",
            "Fetch the keys again, once, when none fits. The login goes well.",
            simulate="key_rotated",
        ),
    ),
)

USERINFO = Ward(
    "In userinfo",
    "Who the person is, as far as they share it. Some of it may be missing, and none of it may be believed blindly.",
    (
        Ailment(
            "userinfo_401",
            "401 Unauthorized",
            "The access token is refused.",
            "More than ten minutes have passed, the word Bearer is missing, or a subscription key was sent along.",
            "Ask at once, with that one header.",
            "userinfo_refused",
            simulate="userinfo_401",
        ),
        Ailment(
            "userinfo_other_person",
            "Another person",
            "The sub is not the one of the ID token.",
            "Two answers that do not belong together.",
            "Compare the two, always (OpenID Connect Core, section 5.3.2).",
            "userinfo_subject",
            simulate="userinfo_other_person",
        ),
        Ailment(
            "userinfo_slow",
            "No answer",
            "Nothing for seconds.",
            "Trouble at Vipps.",
            "The same deadline as for the token endpoint: the person waits for both.",
            "vipps_timeout",
            simulate="userinfo_slow",
        ),
        Ailment(
            "userinfo_500",
            "500 Internal Server Error",
            "An error of Vipps’ own.",
            "Trouble at Vipps.",
            "Nobody is logged in with half of what is needed.",
            "vipps_failing",
            simulate="userinfo_500",
        ),
        Ailment(
            "userinfo_html",
            "HTML instead of JSON",
            "200, and a web page.",
            "A proxy that means well.",
            "Take only JSON for JSON.",
            "userinfo_garbled",
            simulate="userinfo_html",
        ),
        Ailment(
            "userinfo_cut",
            "The answer ends in the middle",
            "Half an answer.",
            "A connection that was cut.",
            "Take an answer only when it is complete.",
            "vipps_unreachable",
            simulate="userinfo_cut",
        ),
        Ailment(
            "claims_missing",
            "No name and no number",
            "The members are not there.",
            "The person has no such data, or the scope was not asked for.",
            "Treat every claim as optional; only sub is certain. The login goes well.",
            simulate="claims_missing",
        ),
        Ailment(
            "claims_odd",
            "Values of another kind",
            "A list for a name, a number for an e-mail address.",
            "A change at Vipps, or a fault.",
            "What cannot be read is absent. The login goes well.",
            simulate="claims_odd",
        ),
        Ailment(
            "scope_dropped",
            "Fewer scopes than were asked for",
            "No error, but the claims are missing.",
            "The scope is not in the product plan: it is dropped without a word.",
            "Look at the plan in the portal. The login goes well.",
            simulate="scope_dropped",
        ),
        Ailment(
            "consents_missing",
            "No consents the second time",
            "delegatedConsents or flowResult is not there.",
            "They come at the login in which the person saw the screen, and never again.",
            "Keep them in that login’s transaction; what is not there changes nothing. The login goes well.",
            simulate="consents_missing",
        ),
    ),
)

WARDS = (REDIRECT, NEVER_BACK, CALLBACK, TOKEN, ID_TOKEN, USERINFO)
# Where to start: one that a person does, one that an attacker does, and one that nobody does.
STARTERS = {
    "access_denied": "Somebody changes their mind at Vipps. It is no fault, and should not look like one.",
    "nonce_wrong": "A good token of another login is slipped in. Everything about it is right but one value.",
    "lost_cookie": "The app opens another browser on the way back. It happens on phones every day.",
}
AILMENTS = {ailment.name: ailment for ward in WARDS for ailment in ward.ailments}


def tried_at(path: str) -> Ailment | None:
    """Return the ailment whose button sends its form to a path of this site."""
    return AILMENTS.get(path.removeprefix(f"{PREFIX}/").removesuffix("/try"))

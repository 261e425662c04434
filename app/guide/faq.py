"""The questions of Vipps’ Login FAQ, each with the short answer of today and the place where this shop does it.

Source: Vipps MobilePay, “Login API FAQ” as read in October 2026, beside an older copy; `changed` is what the older one
said where the two differ. Answers are Markdown.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class _Asked:
    question: str
    answer: str
    changed: str = ""
    places: Sequence[str] = ()
    see: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Question:
    """One question. `places` are places in the source, `see` are words and addresses where it can be seen to happen."""

    number: int
    question: str
    answer: str
    changed: str
    places: Sequence[str]
    see: Sequence[tuple[str, str]]


_ASKED = (
    _Asked(
        "Where do I find client_id and client_secret?",
        "In the business portal, *For developers*, for each sales unit and each environment. Here they are"
        " `VIPPS_CLIENT_ID` and `VIPPS_CLIENT_SECRET`; the demo uses the simulator’s.",
        "",
        ("app.settings:Settings",),
        (("Does Vipps know us? Ask the checklist", "/guide/checklist#secret"),),
    ),
    _Asked(
        "How do I activate Login?",
        "In the business portal, on the sales unit: *Set up login*. A unit that was made for Login only can"
        " never take payments, so activate Login on an e-commerce unit if you sell.",
        "",
        (),
        (("Going live", "/guide/going-live"),),
    ),
    _Asked(
        "What are the rules for redirect URIs?",
        "Registered in advance, as many as you like, compared letter by letter. No `#`, https except for"
        " localhost, and a custom scheme needs a path. Universal links are better than custom schemes.",
        "",
        ("app.settings:Settings.redirect_uri", "simulator.authorization:check_request"),
        (("A redirect URI that is not registered", "/guide/errors#redirect_uri_unregistered"),),
    ),
    _Asked(
        "Can I use client_secret_post?",
        "Yes: a setting of the sales unit in the portal, for all its logins. The default is the header"
        " (`client_secret_basic`). Here it is `VIPPS_CLIENT_AUTH_METHOD`.",
        "",
        ("app.vipps.client:VippsClient.exchange",),
        (("The wrong method", "/guide/errors#client_method_wrong"),),
    ),
    _Asked(
        "Why do I get invalid_client?",
        "Id and secret are not valid for Login: wrong environment, Login not activated, the wrong method, or a typo.",
        "",
        ("app.vipps.client:_refuse_token_error",),
        (("See it happen", "/guide/errors#client_secret_wrong"),),
    ),
    _Asked(
        "Why do I get invalid_grant?",
        "Most often the code is older than a couple of minutes, or was used before. A redirect URI or verifier"
        " that does not fit gives it too. Never send a code twice.",
        "",
        ("app.vipps.attempts:Attempts.claim",),
        (("See it happen", "/guide/errors#code_reused"),),
    ),
    _Asked(
        "Why do I get invalid_request?",
        "The redirect URI is not identical to a registered one, or a parameter is missing.",
        "",
        ("app.vipps.client:VippsClient.authorization_url",),
        (("See it happen", "/guide/errors#invalid_request"),),
    ),
    _Asked(
        "Which scopes are there, and why do I get invalid_scope?",
        "`openid` always; `name`, `phoneNumber`, `email` and `address` in the basic plan; `birthDate` and others"
        " in the advanced one. A scope that exists but is not in the plan is dropped without a word; one that"
        " does not exist is invalid_scope. Ask for few.",
        "Every merchant has openid, address, birthDate, email, name and phoneNumber.",
        ("app.settings:Settings.scopes", "app.vipps.claims:parse"),
        (
            ("A scope that is dropped", "/guide/errors#scope_dropped"),
            ("A scope that does not exist", "/guide/errors#invalid_scope"),
        ),
    ),
    _Asked(
        "The app says “Could not get Login token”. Why?",
        "The test app and the real app are on the same phone. Remove one and try again. Today’s documentation"
        " says that the two can stand beside each other, so it may have been mended.",
    ),
    _Asked(
        "What is sub?",
        "The name that Vipps gives a person at one merchant. It stays the same whatever happens to the phone"
        " number or the name, and is another one for every merchant. It is what an account is found by.",
        "",
        ("app.customers.linking.account_links:find_link", "app.vipps.matching:decide"),
        (("Which customer is this?", "/guide/which-customer-is-this"),),
    ),
    _Asked(
        "How do I get updated information about a person?",
        "At every login, from userinfo, within about ten minutes. Keep what you need, and say so in your privacy"
        " statement.",
        "",
        ("app.customers.profile.from_vipps:refresh",),
        (("Profile and refresh", "/guide/profile-and-refresh"),),
    ),
    _Asked(
        "Can I read userinfo after the person ended the sharing?",
        "Only with the access token of a login that is still going on. After that there is nothing to read until"
        " the person logs in and shares again.",
        "",
        ("app.customers.linking.revocation:receive",),
        (("Revocation and privacy", "/guide/revocation-and-privacy"),),
    ),
    _Asked(
        "Can people under 15 log in?",
        "No. The simulator lets them come back with `access_denied`; what Vipps sends is not documented.",
        "",
        ("simulator.logins:next_step",),
        (("Try it as Emma", "/login"),),
    ),
    _Asked(
        "Can I get the national identity number?",
        "Not in Norway any more; elsewhere by application, with the advanced plan and a legal need. For knowing"
        " somebody again `sub` is enough. This shop never asks, refuses the scope as a setting, and drops the"
        " number unread if it comes.",
        "For a fee, by application, with a legal or objective need.",
        ("app.vipps.claims:drop_nin", "app.settings:Settings"),
    ),
    _Asked(
        "Can I log people in from a phone number?",
        "That is merchant-initiated login, for call centres and shops. It may not be used on the web or in apps."
        " It is not in this shop.",
        "By application, under another name.",
    ),
    _Asked(
        "How do I start with marketing consents?",
        "Set them up in the business portal. For new work Vipps recommends `customFlow`: your own screens and"
        " questions.",
        "By mail to Vipps, for a fee.",
        ("app.vipps.consents:parse",),
        (("Consents", "/guide/consents"),),
    ),
    _Asked(
        "Which consents are supported?",
        "With `delegatedConsents` four: `email`, `sms`, `digital`, `personal`. With `customFlow` whatever you ask.",
        "The four.",
        ("simulator.consents.languages:CAPTIONS", "app.customers.consents.channels:ALL"),
    ),
    _Asked(
        "What is state for?",
        "It names the login that an answer belongs to; without it anybody could send a customer’s browser into a"
        " login of their own. At least eight characters; here 43, random, used once, and tied to the browser.",
        "",
        ("app.vipps.attempts:Attempts.claim",),
        (("A state of nobody", "/guide/errors#state_wrong"), ("Another browser", "/guide/errors#other_cookie")),
    ),
    _Asked(
        "Can I use partner keys?",
        "Yes, with small differences: the merchant serial number says for whom. Not in the test environment.",
        "",
        ("app.vipps.config:VippsConfig.tracking_headers",),
        (("Other set-ups", "/guide/other-set-ups"),),
    ),
    _Asked(
        "Can I make people confirm in the app, even in a remembered browser?",
        "Yes, since June 2026, in the advanced plan: `acr_values=urn:vipps:acr:app_auth`. Believe the `acr`"
        " claim in the ID token, not that you asked.",
        "No.",
        ("app.vipps.client:VippsClient.validate",),
        (("Which customer is this?", "/guide/which-customer-is-this"),),
    ),
    _Asked(
        "What about GDPR?",
        "Vipps answers for what it keeps; from the moment you receive something, you do. You need a ground of"
        " your own, and should keep no more than you need. For consents that Vipps collects on your behalf you"
        " sign a data processing agreement.",
        "",
        ("app.customers.privacy.erasure:erase",),
        (("What this shop keeps", "/privacy"), ("Revocation and privacy", "/guide/revocation-and-privacy")),
    ),
    _Asked(
        "Can I control the language of Vipps’ pages?",
        "No. They follow the browser, and the person can choose on the first page. Your consent screens come in"
        " the language the person sees; the result says in which.",
        "No, and there is no choice for the person.",
        ("simulator.i18n:screen_language",),
    ),
    _Asked(
        "Does it work with Azure AD B2C?",
        "Yes: register B2C's own redirect URI and set `client_secret_post`. Since September 2025 the ID token"
        " has user data, so a custom policy is needed only for what is not in it.",
        "There is no user information in the ID token, so a custom policy with userinfo is needed.",
        (),
        (("Other set-ups", "/guide/other-set-ups"),),
    ),
    _Asked(
        "Can I find out that somebody has withdrawn their sharing?",
        "Yes, by a webhook: an unsigned event at an address that only Vipps should know. So its effects must be"
        " ones that can be undone.",
        "",
        ("app.vipps.webhook:consent_revoked", "app.vipps.revocation:parse"),
        (("Revocation and privacy", "/guide/revocation-and-privacy"),),
    ),
    _Asked(
        "Can I have several pages that people come back to?",
        "Yes: register several redirect URIs and name one in each request. This shop has one callback, and keeps"
        " the way back with the login, where nobody can change it.",
        "",
        ("app.vipps.return_path:local_path", "app.vipps.routes:callback"),
    ),
    _Asked(
        "Can I use a custom URL scheme?",
        "Yes, with a path, as in `myapp://login/done`. Universal links and app links are safer, because two apps"
        " can claim the same scheme.",
        "",
        ("simulator.config:MerchantConfig",),
        (("Other set-ups", "/guide/other-set-ups"),),
    ),
    _Asked(
        "How do I change the name that people see in the app?",
        "It is the name of the sales unit; change it in the portal. Test units keep theirs.",
        "",
        (),
        (("The checklist", "/guide/checklist#name"),),
    ),
    _Asked(
        "How do I log a person out at Vipps?",
        "You do not. End your own session, and tell people where Vipps remembers them: *Profile → Personal"
        " information → Browsers that remember you*.",
        "",
        ("app.customers.routes.login:logout",),
        (("Logging out", "/guide/logging-out"),),
    ),
    _Asked(
        "“The client or its related sales unit or merchant does not exist or is not active.” Why?",
        "The merchant or its unit is gone or switched off, for example because the company was struck off the"
        " register.",
        "",
        (),
        (("A client that is unknown", "/guide/errors#client_unknown"),),
    ),
    _Asked(
        "Why do I get a CORS error?",
        "Because a script in a browser called Vipps. That is not supported in any flow: the server calls, and"
        " the browser is only sent there and back.",
        "",
        ("app.vipps.client:VippsClient",),
    ),
    _Asked(
        "“No CSRF value available in the session cookie.” Why?",
        "Some old versions of Chrome; or cookies that are blocked, or an authorization URL that was opened"
        " twice. Begin again from the button.",
        "Old versions of Chrome only.",
        (),
        (("A cookie that is gone", "/guide/errors#lost_cookie"),),
    ),
    _Asked(
        "Why do I get HTTP 502?",
        "The address has 2,000 characters or more, or `state` or `nonce` has 1,000. Keep what you need on the server.",
        "",
        ("app.vipps.attempts:login_attempt", "simulator.authorization:MAX_URL"),
        (("The clinic", "/guide/errors#address_too_long"),),
    ),
)

QUESTIONS = tuple(Question(number, **vars(asked)) for number, asked in enumerate(_ASKED, start=1))

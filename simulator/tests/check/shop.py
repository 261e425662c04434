"""A small merchant that passes every case of the checker; each name in `mistakes` makes it fail in one way.

All state is in memory. `fetch` sends its requests to the provider, so that the tests need no sockets.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, redirect, request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey, import_key
from markupsafe import escape

ORIGIN = "http://localhost:5000"
CALLBACK = f"{ORIGIN}/callback"
TIMEOUT_SECONDS = 5
MAX_BYTES = 1024 * 1024
MAX_KEY_FETCHES = 4
LEEWAY_SECONDS = 120
SCOPE = "openid name email phoneNumber address delegatedConsents"


class Refused(Exception):
    """The login is refused."""


class Trouble(Exception):
    """The provider cannot be reached, or its answer cannot be used."""


@dataclass
class Flow:
    """A login that was started."""

    browser: str
    state: str
    nonce: str
    verifier: str
    to: str


@dataclass
class User:
    """An account."""

    number: int
    claims: dict[str, Any]
    consents: dict[str, bool] = field(default_factory=dict)
    role: str = "customer"


Fetch = Callable[..., tuple[int, bytes]]


class Shop:
    """The merchant's data and rules."""

    def __init__(self, fetch: Fetch, provider: str, client_id: str, secret: str, now: Callable[[], float]) -> None:
        self.fetch, self.provider, self.client_id, self.secret, self.now = fetch, provider, client_id, secret, now
        self.origin = ORIGIN
        self.mistakes: set[str] = set()
        self.users: dict[tuple[str, str], User] = {}
        self.sessions: dict[str, User] = {}
        self.flows: dict[str, Flow] = {}
        self.browsers: dict[str, User] = {}
        self.made = 0
        self.keys: dict[str | None, Any] = {}
        self.key_fetches = 0
        self.discovery: dict[str, Any] = {}
        self.broken = False
        self.tokens: dict[str, str] = {}

    def wrong(self, *names: str) -> bool:
        """Tell whether the merchant makes one of these mistakes."""
        return not self.mistakes.isdisjoint(names)

    # The provider

    def read(self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None = None) -> Any:
        """Send a request to the provider and read its JSON."""
        timeout = 600 if self.wrong("no_timeout") else TIMEOUT_SECONDS
        limit = 10**9 if self.wrong("no_limit") else MAX_BYTES
        try:
            status, body = self.fetch(
                method, url, headers, form, timeout=timeout, limit=limit, follow=self.wrong("follow_redirects")
            )
        except Trouble:
            if self.wrong("crash_unreachable"):
                raise RuntimeError("unreachable") from None
            raise
        if status >= 400:
            if self.wrong("crash_status"):
                raise RuntimeError(status)
            raise Trouble(status)
        try:
            found = json.loads(body)
        except ValueError:
            if self.wrong("crash_json"):
                raise RuntimeError("no JSON") from None
            raise Trouble("no JSON") from None
        if not isinstance(found, dict) and not self.wrong("crash_shape"):
            raise Trouble("no object")
        return found

    def document(self) -> dict[str, Any]:
        if not self.discovery or self.wrong("crash_discovery"):
            url = f"{self.provider}/access-management-1.0/access/.well-known/openid-configuration"
            try:
                self.discovery = self.read("GET", url, {})
            except Trouble:
                if self.wrong("crash_discovery"):
                    raise RuntimeError("discovery") from None
                raise
        return self.discovery

    def key(self, kid: str | None) -> Any:
        """Return the key with an id; fetch the key set again for an unknown one, within a budget."""
        if kid in self.keys:
            return self.keys[kid]
        if not (self.wrong("keys_once") and self.keys) and (
            self.key_fetches < MAX_KEY_FETCHES or self.wrong("keys_unlimited")
        ):
            self.key_fetches += 1
            try:
                found = self.read("GET", self.document()["jwks_uri"], {})
                read = {each.get("kid"): import_key(each) for each in found["keys"]}
                if not read and self.wrong("empty_keys_pass"):
                    raise RuntimeError("no keys")
                self.keys = read or self.keys
            except (KeyError, TypeError, ValueError, AttributeError, JoseError) as error:
                if self.wrong("crash_keys"):
                    raise RuntimeError("keys") from error
                raise Trouble("no keys") from error
            except Trouble:
                self.broken = self.wrong("dead_keys")
                raise
        if kid is None and self.wrong("crash_kid"):
            raise RuntimeError("kid")
        if kid is None and len(self.keys) == 1:
            return next(iter(self.keys.values()))
        if kid not in self.keys:
            raise Refused("unknown key")
        return self.keys[kid]

    # The login

    def start(self, browser: str, to: str, host: str) -> str:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        if self.wrong("state_constant"):
            state = "constant-state-of-this-shop"
        if self.wrong("state_weak"):
            state = state[:10]
        if self.wrong("nonce_constant"):
            nonce = "constant-nonce-of-this-shop"
        if self.wrong("nonce_weak"):
            nonce = nonce[:6]
        if self.wrong("nonce_state"):
            nonce = state
        if self.wrong("verifier_constant"):
            verifier = "v" * 43
        if self.wrong("one_flow"):
            self.flows = {key: flow for key, flow in self.flows.items() if flow.browser != browser}
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        self.flows[state] = Flow(browser, state, nonce, verifier, to)
        wanted = {
            "client_id": self.client_id, "redirect_uri": f"{self.origin}/callback", "response_type": "code",
            "scope": SCOPE, "state": state, "nonce": nonce, "code_challenge": digest, "code_challenge_method": "S256",
        }  # fmt: skip
        redirect_uri = {"redirect_uri": f"{host}/callback"}
        changes = {
            "redirect_forwarded": redirect_uri, "redirect_host": redirect_uri, "wrong_client": {"client_id": "another"},
            "response_token": {"response_type": "code id_token"},
            "redirect_host_always": {"redirect_uri": "http://evil.example/callback"},
            "redirect_query": {"redirect_uri": f"{self.origin}/callback?from=here"},
            "scope_no_openid": {"scope": "name email"}, "scope_unknown": {"scope": f"{SCOPE} offline_access"},
            "scope_nin": {"scope": f"{SCOPE} nin"}, "long_state": {"state": state + "x" * 1000},
            "secret_sent": {"client_secret": self.secret}, "fragment": {"response_mode": "fragment"},
            "hint": {"login_hint": "kari@example.com"}, "no_state": {"state": ""}, "no_nonce": {"nonce": ""},
            "no_pkce": {"code_challenge": "", "code_challenge_method": ""},
            "plain": {"code_challenge": verifier, "code_challenge_method": "plain"},
            "method_left_out": {"code_challenge_method": ""}, "padded": {"code_challenge": f"{digest}="},
            "verifier_sent": {"code_verifier": verifier},
        }  # fmt: skip
        for name in self.mistakes & set(changes):
            wanted |= changes[name]
        query = urlencode({key: value for key, value in wanted.items() if value}, quote_via=quote)
        if self.wrong("twice"):
            query += "&scope=openid"
        endpoint = self.document()["authorization_endpoint"]
        return f"{endpoint.replace('/oauth2/auth', '/oauth2/other') if self.wrong('endpoint') else endpoint}?{query}"

    def take_flow(self, state: str | None, browser: str) -> Flow:
        """Return the login that a callback belongs to, and forget it."""
        if self.wrong("no_state_check") or (self.wrong("state_optional") and not state):
            mine = [key for key, flow in self.flows.items() if flow.browser == browser] or list(self.flows)
            state = mine[-1] if mine and (state not in self.flows or not state) else state
        if self.wrong("state_prefix") and state:
            state = next((key for key in self.flows if key.startswith(state.strip()[:20])), state)
        flow = self.flows.get(state or "")
        if flow is None or (flow.browser != browser and not self.wrong("no_browser_check", "no_state_check")):
            raise Refused("state")
        if not self.wrong("state_reusable"):
            del self.flows[state or ""]
        return flow

    def exchange(self, code: str, flow: Flow) -> dict[str, Any]:
        basic = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self.origin}/callback",
            "code_verifier": flow.verifier,
        }
        if self.wrong("no_pkce"):
            del form["code_verifier"]
        url = self.document()["token_endpoint"]
        found = self.read("POST", url, {"Authorization": f"Basic {basic}"}, form)
        if self.wrong("exchange_twice"):
            self.fetch("POST", url, {"Authorization": f"Basic {basic}"}, form, timeout=5, limit=MAX_BYTES, follow=False)
        if not isinstance(found, dict):
            raise RuntimeError("crash_shape")
        if self.wrong("crash_members") and "access_token" not in found:
            raise RuntimeError("access token")
        if self.wrong("crash_access_token") and not isinstance(found.get("access_token"), str):
            raise RuntimeError("access token")
        if not isinstance(found.get("access_token"), str):
            raise Refused("access token")
        if str(found.get("token_type", "bearer")).lower() != "bearer":
            raise Refused("token type")
        return found

    def verified(self, token: Any, flow: Flow) -> dict[str, Any]:
        """Return the claims of an ID token."""
        if not isinstance(token, str) or token.count(".") != 2:
            if self.wrong("id_token_optional") or (self.wrong("two_parts") and isinstance(token, str)):
                return _claims(token)
            if self.wrong("crash_id_token"):
                raise RuntimeError("no ID token")
            raise Refused("ID token")
        try:
            header = json.loads(_decoded(token.split(".")[0]))
            claims = json.loads(_decoded(token.split(".")[1]))
        except ValueError:
            if self.wrong("crash_id_token"):
                raise RuntimeError("ID token") from None
            raise Refused("ID token") from None
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise Refused("ID token")
        if not self.accepts_signature(token, header):
            raise Refused("signature")
        self.check_claims(claims, flow)
        return claims

    def accepts_signature(self, token: str, header: dict[str, Any]) -> bool:
        if self.wrong("no_signature"):
            return True
        if self.wrong("alg_from_header") and str(header.get("alg")).lower() == "none":
            return True
        if self.wrong("alg_none") and header.get("alg") == "none":
            return True
        signature = token.split(".")[2]
        if self.wrong("empty_signature") and not signature and header.get("alg") == "RS256":
            return True
        if header.get("alg") == "HS256" and self.wrong("hmac_public", "hmac_secret"):
            pem = self.key(header.get("kid")).as_pem(private=False)
            return self.wrong("hmac_public") or bool(pem)
        if header.get("alg") != "RS256":
            return False
        if "crit" in header and not self.wrong("crit"):
            return False
        if self.wrong("jwk_header") and "jwk" in header:
            key = RSAKey.import_key(header["jwk"])
        elif (
            (self.wrong("jku_header") and "jku" in header)
            or (self.wrong("unknown_kid_passes") and header.get("kid") not in self.keys)
            or (self.wrong("kid_is_enough") and header.get("kid") in self.keys)
        ):
            return True
        else:
            key = self.key(header.get("kid"))
        message, given = token.rpartition(".")[0].encode(), _decoded(signature)
        if self.wrong("short_signature") and 0 < len(given) < 256:
            return True
        return jws.JWSRegistry.algorithms["RS256"].verify(message, given, key)

    def check_claims(self, claims: dict[str, Any], flow: Flow) -> None:
        issuer, wrong = self.document()["issuer"], self.wrong
        iss, aud = claims.get("iss"), claims.get("aud")
        right_issuer = iss == issuer or (
            wrong("no_issuer")
            or (wrong("issuer_slash") and str(iss) == issuer.rstrip("/"))
            or (wrong("issuer_prefix") and str(iss).startswith(issuer))
            or (wrong("issuer_case") and str(iss).lower() == issuer.lower())
            or (wrong("issuer_optional") and iss is None)
            or (wrong("issuer_list") and isinstance(iss, list) and issuer in iss)
        )
        audiences = [aud] if isinstance(aud, str) else aud if isinstance(aud, list) else []
        right_audience = self.client_id in audiences or (
            wrong("no_audience")
            or (wrong("audience_optional") and not any(audiences))
            or (wrong("audience_azp") and claims.get("azp") == self.client_id)
            or (wrong("audience_contains") and any(self.client_id in str(each) for each in audiences))
            or (wrong("audience_within") and any(str(each) and str(each) in self.client_id for each in audiences))
        )
        if wrong("audience_list_only") and isinstance(aud, str):
            right_audience = False
        if wrong("crash_party") and "azp" in claims:
            raise RuntimeError("azp")
        if claims.get("azp") not in (None, self.client_id):
            raise Refused("azp")
        if not right_issuer or not right_audience:
            raise Refused("issuer or audience")
        self.check_times(claims)
        sub, nonce = claims.get("sub"), claims.get("nonce")
        if wrong("crash_long") and len(str(sub)) > 255:
            raise RuntimeError("sub")
        if not (isinstance(sub, str) and 0 < len(sub) <= 255) and not wrong("sub_loose", "sub_from_userinfo"):
            raise Refused("sub")
        right_nonce = nonce == flow.nonce or (
            wrong("no_nonce_check", "no_nonce")
            or (wrong("nonce_optional") and not nonce)
            or (wrong("nonce_known") and isinstance(nonce, str) and nonce in self.tokens)
            or (wrong("nonce_prefix") and isinstance(nonce, str) and nonce[:8] == flow.nonce[:8])
            or (wrong("nonce_is_state") and nonce == flow.state)
            or (wrong("nonce_list") and isinstance(nonce, list) and flow.nonce in nonce)
        )
        self.tokens[flow.nonce] = "used"
        if not right_nonce:
            raise Refused("nonce")

    def check_times(self, claims: dict[str, Any]) -> None:
        now, wrong, leeway = self.now(), self.wrong, LEEWAY_SECONDS
        if wrong("leeway_day"):
            leeway = 100000
        if wrong("leeway_none"):
            leeway = 0
        for name, late in (("exp", False), ("iat", True), ("nbf", True)):
            value = claims.get(name)
            if value is None and (name == "nbf" or wrong(f"{name}_optional")):
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                if wrong(f"{name}_loose"):
                    continue
                raise Refused(name)
            if wrong(f"no_{name}"):
                continue
            if (value > now + leeway) if late else (value < now - leeway):
                raise Refused(name)

    def profile(self, token: str, subject: Any) -> dict[str, Any]:
        """Return the userinfo claims for the subject of the ID token."""
        found = self.read("GET", self.document()["userinfo_endpoint"], {"Authorization": f"Bearer {token}"})
        if not isinstance(found, dict):
            raise RuntimeError("crash_shape")
        given, wrong = found.get("sub"), self.wrong
        if given != subject and not (
            wrong("userinfo_unchecked", "reads_no_id_token", "sub_from_userinfo", "id_token_optional")
            or (wrong("userinfo_sub_optional") and not given)
            or (wrong("userinfo_sub_case") and str(given).lower() == str(subject).lower())
            or (wrong("userinfo_sub_trimmed") and str(given).strip() == subject)
            or (wrong("userinfo_sub_prefix") and str(given).startswith(str(subject)))
            or (wrong("userinfo_sub_list") and isinstance(given, list) and subject in given)
        ):
            raise Refused("userinfo")
        return found

    def account(self, issuer: Any, subject: Any, claims: dict[str, Any]) -> User:
        """Return the account of a subject, new or known."""
        key, wrong = (str(issuer), str(subject)), self.wrong
        if wrong("sub_case"):
            key = (key[0], key[1].lower())
        if wrong("sub_trimmed"):
            key = (key[0], key[1].strip())
        if wrong("sub_cut"):
            key = (key[0], key[1][:20])
        email, phone, verified = claims.get("email"), claims.get("phone_number"), claims.get("email_verified")
        for name, value in (("email", email), ("phone_number", phone), ("name", claims.get("name"))):
            if wrong(f"key_{name}") and value:
                key = ("", str(value))
        if key not in self.users:
            for user in self.users.values():
                same_email = bool(email) and str(user.claims.get("email")).lower() == str(email).lower()
                same_phone = bool(phone) and user.claims.get("phone_number") == phone
                if (
                    (wrong("link_email") and same_email)
                    or (wrong("link_verified") and same_email and verified is True)
                    or (wrong("link_loose") and same_email and verified)
                    or (wrong("link_unverified") and same_email and verified is not True)
                    or (wrong("link_phone") and same_phone)
                    or (wrong("link_name") and user.claims.get("name") == claims.get("name"))
                ):
                    self.users[key] = user
                    break
            else:
                self.made += 1
                self.users[key] = User(self.made, claims)
        user = self.users[key]
        user.claims = claims
        if wrong("mass_assignment"):
            vars(user).update({name: value for name, value in claims.items() if name in ("role", "number")})
        self.record_consents(user, claims)
        return user

    def record_consents(self, user: User, claims: dict[str, Any]) -> None:
        wrong = self.wrong
        given, flow = claims.get("delegatedConsents"), claims.get("flowResult")
        if wrong("absent_is_no") and not given and not flow:
            user.consents = {}
        if wrong("absent_is_yes") and not given and not flow:
            user.consents["email"] = True
        items = given.get("consents") if isinstance(given, dict) else None
        if items is None and isinstance(flow, dict) and not wrong("legacy_only"):
            items = [each for screen in _list(flow.get("screens")) for each in _list(screen.get("elements"))]
            items = items or _list(flow.get("consents"))
        if wrong("crash_consents") and given is not None:
            items = given["consents"]
        seen: dict[str, bool] = {}
        for item in _list(items):
            if not isinstance(item, dict) or not isinstance(item.get("id"), str):
                if wrong("crash_consents"):
                    raise RuntimeError("consents")
                continue
            accepted = item.get("accepted", item.get("checked"))
            yes = accepted is True or (
                (wrong("accepted_truthy") and bool(accepted))
                or (wrong("accepted_default") and accepted is None)
                or wrong("every_consent")
                or (wrong("required_is_yes") and item.get("required") is True)
            )
            if wrong("caption") and "EMAIL" in str(item.get("textDisplayedToUser")).upper():
                yes = True
                item = {**item, "id": "email"}
            known = seen.get(item["id"])
            seen[item["id"]] = yes if known is None or wrong("last_wins") else yes and known
        if seen and not wrong("no_consents"):
            kept = user.consents if not wrong("keeps_yes") else seen | user.consents
            user.consents = kept if wrong("keeps_yes") else {**kept, **seen}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _claims(token: Any) -> dict[str, Any]:
    try:
        return dict(json.loads(_decoded(str(token).split(".")[1])))
    except (ValueError, IndexError, TypeError):
        return {}


def clean(value: Any, limit: int = 200) -> str:
    """Return a claim as a text that is safe to show."""
    return re.sub(r"[^\w\s.,'@+-]|[\x00-\x1f\ud800-\udfff]", "", value)[:limit] if isinstance(value, str) else ""


def create_shop(shop: Shop) -> Flask:
    """Return the merchant as a WSGI app."""
    app = Flask("small_shop")
    wrong = shop.wrong

    def current() -> User | None:
        name = "flow" if wrong("fixation_flow") else "session"
        return shop.sessions.get(request.cookies.get(name, ""))

    def page(body: str, status: int = 200) -> Response:
        response = Response(f"<!doctype html><title>Shop</title>{body}", status, content_type="text/html;charset=utf-8")
        response.headers["X-Content-Type-Options"] = "" if wrong("no_nosniff") else "nosniff"
        response.headers["Content-Security-Policy"] = "" if wrong("frames") else "frame-ancestors 'none'"
        response.headers["Cache-Control"] = "public, max-age=60" if wrong("cached") else "no-store"
        return response

    @app.get("/")
    def home() -> Response:
        user = current()
        if user is None:
            return page('<a href="/login">Log in with Vipps</a>')
        name = user.claims.get("given_name")
        if wrong("crash_claims") and not isinstance(name, str):
            raise RuntimeError("name")
        shown = str(name) if wrong("unescaped") else str(escape(clean(name)))
        if wrong("template") and "{{" in str(name):
            shown = "49" * 8
        token = request.cookies.get("session", "")[:8]
        form = (
            f'<form method="post" action="/logout"><input name="csrf" value="{token}"><button>Log out</button></form>'
        )
        return page(f"<p>Hello {shown}</p>{form}<p>{user.role}</p>")

    @app.get("/login")
    def login() -> Response:
        to = request.args.get("next", "/")
        local = to.startswith("/") and not re.match(r"/[/\\]|/.*[\x00-\x20\\]", to) and not to.startswith("//")
        if not local and not any(
            (
                wrong("open_redirect"),
                wrong("redirect_slashes") and to.startswith("/"),
                wrong("redirect_prefix") and to.startswith(shop.origin),
                wrong("redirect_backslash") and "\\" in to,
                wrong("redirect_scheme") and ":" in to and not to.startswith("http"),
                wrong("redirect_blank") and to != to.strip(),
            )
        ):
            to = "/"
        browser = request.cookies.get("flow") or secrets.token_urlsafe(16)
        forwarded = request.headers.get("X-Forwarded-Host") if wrong("redirect_host") else None
        host = f"http://{forwarded}" if forwarded else shop.origin
        if wrong("redirect_forwarded") and "host=" in request.headers.get("Forwarded", ""):
            host = "http://evil.example"
        try:
            target = shop.start(browser, to, host)
        except Trouble:
            return page("<p>Vipps does not answer.</p>", 503)
        response = redirect(target)
        response.set_cookie("flow", browser, httponly=True, samesite="Lax")
        if wrong("cookie_growth"):
            response.set_cookie(f"flow_{secrets.token_hex(4)}", "x" * 300)
        return response

    @app.route("/callback", methods=["GET", "POST"])
    def callback() -> Response:
        given = request.args if request.method == "GET" else request.form
        if wrong("crash_post") and request.method == "POST":
            raise RuntimeError("post")
        if request.method == "POST":
            return page("<p>Please start again.</p>", 405)
        try:
            return finish(given)
        except (Refused, ValueError, KeyError) as refusal:
            if wrong("crash_refused"):
                raise
            if wrong("logs_out") and current():
                shop.sessions.pop(request.cookies.get("session", ""))
            if wrong("error_ends_flows"):
                shop.flows = {}
            return page(f"<p>The login did not work. <a href='/login'>Try again</a></p><!-- {refusal!r} -->", 400)
        except Trouble:
            if wrong("dead"):
                shop.broken = True
            return page("<p>Vipps does not answer. <a href='/login'>Try again</a></p>", 502)

    def finish(given: Any) -> Response:
        code, state = given.get("code"), given.get("state")
        for name in ("code", "state"):
            if len(given.getlist(name)) > 1:
                raise RuntimeError("doubled") if wrong("crash_doubled") else Refused("doubled")
        if shop.broken:
            raise Trouble("dead")
        flow = shop.take_flow(state, request.cookies.get("flow", ""))
        if "error" in given and not (wrong("error_ignored") and code):
            return said_no(given)
        issuer = given.get("iss")
        if issuer is not None and wrong("strict_issuer"):
            raise Refused("issuer")
        if issuer is not None and issuer != shop.document()["issuer"]:
            raise RuntimeError("issuer") if wrong("crash_issuer") else Refused("issuer")
        if not code and wrong("crash_no_code"):
            raise RuntimeError("code")
        if not code or len(code) > 2000 or "\0" in code:
            raise Refused("code")
        if set(given) - {"code", "state", "scope", "iss"} and wrong("strict_parameters"):
            raise Refused("parameters")
        answer = shop.exchange(code or "", flow)
        if wrong("reads_no_id_token"):
            claims = shop.profile(str(answer.get("access_token")), None)
            info, subject = claims, claims.get("sub")
        else:
            claims = shop.verified(answer.get("id_token"), flow)
            subject = claims.get("sub")
            info = claims if wrong("reads_no_userinfo") else shop.profile(str(answer.get("access_token")), subject)
        if wrong("id_token_optional", "sub_from_userinfo") and not subject:
            subject = info.get("sub")
        check_profile(info)
        user = shop.account(claims.get("iss"), subject, info)
        shop.key_fetches = 0
        target = flow.to
        if wrong("code_in_address"):
            target = f"/?code={code}&state={state}"
        if wrong("browser_is_account"):
            user = shop.browsers.setdefault(request.cookies.get("flow", ""), user)
        if current() and wrong("refused_logs_out_second"):
            shop.sessions.pop(request.cookies.get("session", ""))
            raise Refused("logged in")
        if current() and wrong("keeps_first"):
            return redirect(target)
        number = secrets.token_urlsafe(24)
        if wrong("fixation_flow"):
            number = request.cookies.get("flow", "")
        shop.sessions.pop(request.cookies.get("session", ""), None)
        shop.sessions[number] = user
        landing = wrong("callback_page")
        response = page("<p>Welcome</p>") if landing else redirect("/")
        if not landing:
            response.headers["Location"] = target.replace("\\", "/") if wrong("redirect_backslash") else target
        if landing:
            response.headers["Cache-Control"] = "max-age=60"
        response.set_cookie(
            "session", number, httponly=not wrong("script_cookie"),
            samesite="None" if wrong("samesite_none") else "Lax",
            domain="localhost" if wrong("cookie_domain") else None,
        )  # fmt: skip
        if wrong("token_cookie"):
            response.set_cookie("token", str(answer.get("id_token")))
        if wrong("claims_cookie"):
            response.set_cookie("you", base64.urlsafe_b64encode(json.dumps(info).encode()).decode())
        return response

    def check_profile(info: dict[str, Any]) -> None:
        """Refuse a profile only because of a mistake: without mistakes no claim is required."""
        for name in ("name", "email", "phone_number", "address", "given_name"):
            if wrong(f"needs_{name}") and name not in info:
                raise RuntimeError(name)
            if wrong(f"types_{name}") and not isinstance(info.get(name), str if name != "address" else dict):
                raise RuntimeError(name)
        if wrong("types_address") and not info["address"]["street_address"]:
            raise RuntimeError("address")
        if wrong("needs_address_text") and not (info.get("address") or {}).get("street_address"):
            raise RuntimeError("address")
        if wrong("empty_names"):
            info["name"][0]
        if wrong("short_names") and len(str(info.get("given_name"))) > 100:
            raise RuntimeError("long")
        if wrong("short_email") and len(str(info.get("email"))) > 100:
            raise RuntimeError("long")
        if wrong("ascii_names"):
            str(info.get("given_name")).encode("ascii")
        if wrong("latin_names"):
            str(info.get("given_name")).encode("latin-1")
        if wrong("nul_names") and "\0" in str(info.get("given_name")):
            raise RuntimeError("nul")
        if wrong("header_names") and "\n" in str(info.get("given_name")):
            raise RuntimeError("header")
        if wrong("norwegian_phone") and not str(info.get("phone_number")).startswith("47"):
            raise RuntimeError("phone")
        if wrong("strict_claims") and set(info) & {"is_admin", "role", "password", "unknown_claim"}:
            raise RuntimeError("unknown claim")
        if wrong("birthdate") and "birthdate" in info:
            re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", str(info["birthdate"])).group()

    def said_no(given: Any) -> Response:
        error, description = given.get("error", ""), given.get("error_description", "")
        known = {"access_denied": "You cancelled.", "server_error": "Vipps has a problem."}
        if wrong("crash_errors") or (wrong("crash_unknown_error") and error not in known):
            raise RuntimeError(error)
        if wrong("crash_code") and error == "wrong_challenge":
            raise RuntimeError(error)
        if wrong("logs_out") and current():
            shop.sessions.pop(request.cookies.get("session", ""))
        if wrong("long_description") and len(description) > 1000:
            raise RuntimeError("too long")
        shown = ""
        if wrong("shows_description"):
            shown = description
        if wrong("shows_error"):
            shown = error
        if wrong("denied_is_in"):
            number = secrets.token_urlsafe(24)
            shop.sessions[number] = User(0, {})
            response = redirect("/")
            response.set_cookie("session", number)
            return response
        return page(f"<p>{known.get(error, 'The login did not work.')} {shown} <a href='/login'>Try again</a></p>", 400)

    @app.route("/logout", methods=["GET", "POST"])
    def logout() -> Response:
        number = request.cookies.get("session", "")
        if request.method == "GET" and not wrong("logout_get"):
            return page("<p>Use the button.</p>", 405)
        if request.method == "POST" and request.form.get("csrf") != number[:8]:
            return page("<p>Use the button.</p>", 400)
        if not wrong("logout_cookie_only", "logout_nothing"):
            shop.sessions.pop(number, None)
        response = redirect(
            f"{shop.provider}/access-management-1.0/access/oauth2/logout" if wrong("logout_host") else "/"
        )
        if not wrong("logout_nothing"):
            response.delete_cookie("session")
        return response

    @app.get("/account")
    def account() -> Response:
        user = current()
        if user is None and wrong("open_account"):
            user = next(iter(shop.users.values()), None)
        if user is None:
            return page("<p>Please log in.</p>", 401)
        return page(f"<p>Customer number: {user.number}</p>")

    @app.get("/consents")
    def consents() -> Response:
        user = current()
        if user is None:
            return page("<p>Please log in.</p>", 401)
        return page(f"<p>Email: {'yes' if user.consents.get('email') else 'no'}</p>")

    @app.route("/webhook", methods=["GET", "POST"])
    def webhook() -> Response:
        if request.method == "GET":
            return Response("", 200 if wrong("webhook_get") else 405)
        body = request.get_data()[:100_000]
        parts = body.decode(errors="replace").split(".")
        try:
            event = json.loads(_decoded(parts[1]))
            name, sub = event["event"], event["sub"]
        except (ValueError, IndexError, KeyError, TypeError):
            return Response("bad event", 200 if wrong("event_anything") else 400)
        if wrong("two_segments_refused") and len(parts) == 2:
            return Response("bad event", 400 if request.method == "POST" else 405)
        owner = next((key for key in shop.users if key[1] == str(sub)), None)
        if owner is None and wrong("crash_unknown_sub"):
            raise RuntimeError("unknown")
        if wrong("crash_repeated") and sub in shop.tokens:
            raise RuntimeError("repeated")
        shop.tokens[str(sub)] = "revoked"
        fresh = isinstance(event.get("exp"), int | float) and event["exp"] > shop.now()
        if owner and (
            (wrong("event_deletes") and name == "CONSENT_REVOKED" and fresh)
            or (wrong("event_any_deletes") and name != "CONSENT_REVOKED")
            or (wrong("event_old_deletes") and not fresh)
        ):
            shop.sessions = {key: user for key, user in shop.sessions.items() if user is not shop.users[owner]}
            del shop.users[owner]
        return Response("", 204)

    return app

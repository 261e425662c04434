"""Compares the simulator with the test environment of Vipps MobilePay: `vipps-login-simulator record`.

It asks both for the same answers and prints the differences by shape: statuses, content types, names and types of
members. No value is printed, and no login is made. Client id and secret come from the environment.
"""

import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import urllib3

from . import discovery
from .cli import parser
from .config import MerchantConfig
from .serving import running

TEST_ENVIRONMENT = "https://apitest.vipps.no"
CALLBACK = "http://localhost:9/not-registered"
LISTS_WITH_MEANING = {"scopes_supported", "grant_types_supported", "code_challenge_methods_supported"}


def main(arguments: Sequence[str]) -> int:
    """Print the differences and return 1 if there are any."""
    options = parser("record", "Compare the simulator with Vipps' test environment; values are masked.")
    options.add_argument("--provider", default=TEST_ENVIRONMENT, help=f"its origin (default: {TEST_ENVIRONMENT})")
    options.add_argument("--output", help="a file for the recorded shapes, as JSON")
    chosen = options.parse_args(arguments)
    keys = [os.environ.get(name, "") for name in ("VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET")]
    if not all(keys):
        print("Set VIPPS_CLIENT_ID and VIPPS_CLIENT_SECRET, the keys of your sales unit in the test environment.")
        return 2
    merchant = MerchantConfig(client_id=keys[0], client_secret=keys[1], name="Recorded", redirect_uris=())
    with running(merchants=(merchant,)) as simulator:
        try:
            of_provider, of_simulator = (record(url, *keys) for url in (chosen.provider.rstrip("/"), simulator.url))
        except urllib3.exceptions.HTTPError as error:
            print(f"{chosen.provider}: no answer ({type(error).__name__})")
            return 2
    if chosen.output:
        with open(chosen.output, "w", encoding="utf-8") as file:
            json.dump({"provider": of_provider, "simulator": of_simulator}, file, indent=2)
    found = differences(of_provider, of_simulator)
    print(*(found or ["No differences."]), sep="\n")
    return 1 if found else 0


def record(origin: str, client_id: str, client_secret: str) -> dict[str, Any]:
    """Return the shapes of the answers that need no person."""
    authorize = urlencode(
        {"client_id": client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
    )
    grant = {"grant_type": "authorization_code", "code": "not-a-code", "redirect_uri": CALLBACK}
    basic = urllib3.make_headers(basic_auth=f"{client_id}:{client_secret}")
    wrong = urllib3.make_headers(basic_auth=f"{client_id}:not-the-secret")
    asked: dict[str, tuple[str, str, dict[str, Any]]] = {
        "discovery": ("GET", discovery.DISCOVERY, {}),
        "keys": ("GET", discovery.JWKS, {}),
        "authorize, redirect URI not registered": ("GET", f"{discovery.AUTHORIZE}?{authorize}", {}),
        "authorize, unknown client": ("GET", f"{discovery.AUTHORIZE}?client_id=unknown", {}),
        "token, wrong code": ("POST", discovery.TOKEN, {"fields": grant, "headers": basic}),
        "token, wrong secret": ("POST", discovery.TOKEN, {"fields": grant, "headers": wrong}),
        "token, unknown grant": ("POST", discovery.TOKEN, {"fields": {"grant_type": "other"}, "headers": basic}),
        "userinfo, no token": ("GET", discovery.USERINFO, {}),
        "userinfo, wrong token": ("GET", discovery.USERINFO, {"headers": {"Authorization": "Bearer x"}}),
    }
    return {name: _ask(method, origin + path, **more) for name, (method, path, more) in asked.items()}


def differences(of_provider: dict[str, Any], of_simulator: dict[str, Any]) -> list[str]:
    """Return the differences in plain words, by request."""
    found = []
    for name, real in of_provider.items():
        for part in sorted({*real, *of_simulator[name]}):
            at_vipps, here = real.get(part, "absent"), of_simulator[name].get(part, "absent")
            if at_vipps != here:
                found.append(f"{name}: {part} is {at_vipps} at the provider, {here} in the simulator")
    return found


def shape(value: Any, path: str = "body") -> dict[str, str]:
    """Return the members of a JSON value with their types; values only of lists that name what is supported."""
    match value:
        case dict():
            return {
                where: kind for name, each in value.items() for where, kind in shape(each, f"{path}.{name}").items()
            }
        case list() if path.rpartition(".")[2] in LISTS_WITH_MEANING:
            return {path: ", ".join(sorted(map(str, value)))}
        case list():
            return shape(value[0], f"{path}[]") if value else {path: "empty list"}
    return {path: type(value).__name__}


def _ask(method: str, url: str, **more: Any) -> dict[str, str]:
    fields = more.pop("fields", None)
    if fields:
        more["body"] = urlencode(fields)
        more["headers"] = {**more["headers"], "Content-Type": "application/x-www-form-urlencoded"}
    answer = urllib3.request(method, url, redirect=False, retries=False, timeout=10.0, **more)
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    found = {"status": str(answer.status), "content type": kind}
    if kind == "application/json":
        found |= shape(json.loads(answer.data))
    return found

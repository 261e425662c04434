"""The control API described for programs (OpenAPI 3.1), served at `/control/openapi.json`.

People read the page at `/control/`; this document is for client generators and for tools that try every request. It
lists the methods, their parameters and their statuses; a test compares it with the URL map.
"""

from typing import Any

from simulator import faults
from simulator.config import AUTH_METHODS, BRANDS, PLANS
from simulator.consents.languages import LANGUAGES
from simulator.control_requests import ACTIONS
from simulator.persons import ADDRESS, EMAIL_STATES, TEXTS
from simulator.revocations import Variant

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
OBJECT: Json = {"type": "object"}
NOTHING: Json = {"type": "object", "maxProperties": 0}
PROBLEMS = {
    400: "What is wrong is named in `error`.",
    404: "There is none of that name.",
    415: "The body is not sent as application/json.",
}


def document(origin: str) -> Json:
    """Return the description of the control API of a simulator at an origin."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vipps Login, simulated: control API",
            "version": "1",
            "description": "Drive the simulator without its screens. It needs no password: all persons are fictional.",
        },
        "servers": [{"url": origin}],
        "paths": PATHS,
    }


def _object(members: Json, required: tuple[str, ...] = ()) -> Json:
    return {"type": "object", "properties": members, "required": list(required), "additionalProperties": False}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _choice(*names: str) -> Json:
    return {"type": "string", "enum": list(names)}


def _operation(summary: str, answer: str, body: Json | None = None, **more: Any) -> Json:
    """Describe an operation whose answer has one member, or more, of which this one is always there."""
    schema = {"type": "object", "required": [answer]} if answer else TEXT
    kind = "application/json" if answer else "text/html"
    done = {"description": "Done.", "content": {kind: {"schema": schema}}}
    described: Json = {"summary": summary, "responses": {"200": done}}
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    statuses = [400, 415] * (body is not None) + [404] * ("parameters" in more)
    for status in statuses:
        described["responses"][str(status)] = {"description": PROBLEMS[status], "content": PROBLEM}
    return {**described, **more}


def _named(name: str) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]


PROBLEM = {"application/json": {"schema": {"type": "object", "required": ["error"]}}}
LOGIN = _object(
    {
        "authorization_url": TEXT,
        "person": TEXT,
        "action": _choice(*ACTIONS),
        "error": TEXT,
        "consents": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "language": _choice(*LANGUAGES),
        "faults": {"type": "object", "propertyNames": {"enum": list(faults.KINDS)}},
    },
    required=("authorization_url",),
)
PERSON = _object(
    {
        **dict.fromkeys(TEXTS, TEXT),
        "email_state": _choice(*EMAIL_STATES),
        "phone_numbers": {**_list(TEXT), "minItems": 1},
        "addresses": _list(_object(dict.fromkeys(ADDRESS, TEXT), required=ADDRESS)),
        "new_profile": {"type": ["boolean", "integer"]},
    }
)
MERCHANT = {
    "name": TEXT,
    "client_secret": TEXT,
    "redirect_uris": _list(TEXT),
    "auth_method": _choice(*AUTH_METHODS),
    "plan": _choice(*PLANS),
    "msn": TEXT,
    "brand": _choice(*BRANDS),
    "webhook_url": {"type": ["string", "null"]},
    "account_url": {"type": ["string", "null"]},
    "terms_url": TEXT,
    "privacy_url": TEXT,
    "delegated_consents": {"type": ["object", "null"]},
    "custom_flow": {"type": ["object", "null"]},
}
AFTER = [{"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}}]
PATHS: dict[str, dict[str, Json]] = {
    "/control/": {"get": _operation("This API, described for people", "")},
    "/control/openapi.json": {"get": _operation("This API, described for programs", "openapi")},
    "/control/authorize": {"post": _operation("A whole login at once", "location", LOGIN)},
    "/control/persons": {"get": _operation("All persons", "persons")},
    "/control/persons/{key}": {
        "patch": _operation("Change fields of a person", "subjects", PERSON, parameters=_named("key"))
    },
    "/control/persons/{key}/revoke": {
        "post": _operation(
            "End the sharing with one company, or with all, and tell them",
            "revoked",
            _object({"client_id": TEXT, "event": _choice(*Variant)}),
            parameters=_named("key"),
        )
    },
    "/control/deliveries": {"get": _operation("What companies are told, newest first", "deliveries")},
    "/control/deliveries/{delivery_id}/send": {
        "post": _operation("Send one, again or at last", "id", NOTHING, parameters=_named("delivery_id"))
    },
    "/control/merchants": {"get": _operation("All merchants, with their secrets", "merchants")},
    "/control/merchants/{client_id}": {
        "put": _operation(
            "Add a merchant, or replace one",
            "client_id",
            _object(MERCHANT, required=("name", "client_secret", "redirect_uris")),
            parameters=_named("client_id"),
        ),
        "patch": _operation(
            "Change fields of a merchant", "client_id", _object(MERCHANT), parameters=_named("client_id")
        ),
    },
    "/control/keys/rotate": {"post": _operation("Sign with a new key from now on", "kid", NOTHING)},
    "/control/faults": {
        "put": _operation(
            "Replace the faults of the discovery document and the key set",
            "faults",
            _object({kind: {"type": "object"} for kind in faults.ENDPOINT_KINDS}),
        )
    },
    "/control/requests": {"get": {**_operation("Calls to the protocol endpoints", "counts"), "parameters": AFTER}},
    "/control/reset": {"post": _operation("Forget logins, consents and changes; the keys stay", "reset", NOTHING)},
}

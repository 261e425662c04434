"""The control API described for programs (OpenAPI 3.1), served at `/control/openapi.json`.

People read the page at `/control/`; this document is for client generators and for tools that try every request. It
lists the methods, their parameters and their statuses; a test compares it with the URL map.
"""

from typing import Any

from . import faults
from .config import AUTH_METHODS, BRANDS, PLANS
from .consents.languages import LANGUAGES
from .control_requests import ACTIONS
from .persons import ADDRESS, EMAIL_STATES, TEXTS
from .revocations import Variant
from .version import FOLLOWS, __version__

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
INTEGER: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
TIME: Json = {"type": "string", "format": "date-time"}
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
            "version": __version__,
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


def _operation(summary: str, answer: Json, body: Json | None = None, *, missing: bool = False, **more: Any) -> Json:
    """Describe an operation by the schema of its answer; TEXT stands for an HTML page."""
    kind = "text/html" if answer is TEXT else "application/json"
    headers = {FOLLOWS: {"description": "The month of the documentation that this simulator follows.", "schema": TEXT}}
    done = {"description": "Done.", "headers": headers, "content": {kind: {"schema": answer}}}
    described: Json = {"summary": summary, "responses": {"200": done}}
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    missing = missing or any(each["in"] == "path" for each in more.get("parameters", ()))
    for status in [400, 415] * (body is not None) + [404] * missing:
        described["responses"][str(status)] = {"description": PROBLEMS[status], "content": PROBLEM}
    return {**described, **more}


def _answer(**members: Json) -> Json:
    """Describe an answer that has exactly these members."""
    return _object(members, required=tuple(members))


def _named(name: str) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]


PROBLEM = {"application/json": {"schema": {"type": "object", "required": ["error"]}}}
FAULTS: Json = {"type": "object", "propertyNames": {"enum": list(faults.KINDS)}}
LOGIN = _object(
    {
        "authorization_url": TEXT,
        "person": TEXT,
        "action": _choice(*ACTIONS),
        "error": TEXT,
        "consents": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "language": _choice(*LANGUAGES),
        "faults": FAULTS,
    },
    required=("authorization_url",),
)
ANSWER = _object({name: LOGIN["properties"][name] for name in ("action", "error", "consents", "language", "faults")})
FIELDS_OF_PERSON: Json = {
    **dict.fromkeys(TEXTS, TEXT),
    "email_state": _choice(*EMAIL_STATES),
    "phone_numbers": {**_list(TEXT), "minItems": 1},
    "addresses": _list(_object(dict.fromkeys(ADDRESS, TEXT), required=ADDRESS)),
    "faults": FAULTS,
    "simulate": TEXT,
}
PERSON = _object({**FIELDS_OF_PERSON, "new_profile": {"type": ["boolean", "integer"]}})
NEW_PERSON = _object({**FIELDS_OF_PERSON, "like": TEXT})
TEXTS_BY_LANGUAGE: Json = {"type": "object", "required": ["en"], "additionalProperties": TEXT}
GROUP = _object(
    {
        "title": TEXTS_BY_LANGUAGE,
        "text": TEXTS_BY_LANGUAGE,
        "persons": {"type": "object", "additionalProperties": TEXTS_BY_LANGUAGE},
        "start_here": TEXT,
    },
    required=("title", "persons"),
)
MERCHANT = {
    "name": TEXT,
    "client_secret": TEXT,
    "redirect_uris": _list(TEXT),
    "any_local_redirect": {"type": "boolean"},
    "auth_method": _choice(*AUTH_METHODS),
    "plan": _choice(*PLANS),
    "msn": TEXT,
    "brand": _choice(*BRANDS),
    "webhook_url": {"type": ["string", "null"]},
    "ping_url": {"type": ["string", "null"]},
    "ping_secret": TEXT,
    "account_url": {"type": ["string", "null"]},
    "terms_url": TEXT,
    "privacy_url": TEXT,
    "delegated_consents": {"type": ["object", "null"]},
    "custom_flow": {"type": ["object", "null"]},
    "person_groups": _list(GROUP),
}
OR_NONE = {"type": ["string", "null"]}
TRUE = {"const": True}
A_PERSON = {
    **_answer(
        **dict.fromkeys(("key", "name", *(name for name in TEXTS if name != "nin")), TEXT),
        email_state=_choice(*EMAIL_STATES),
        phone_numbers=_list(TEXT),
        addresses=_list(_object(dict.fromkeys(ADDRESS, TEXT), required=ADDRESS)),
        subjects={"type": "object", "additionalProperties": {"type": "string", "format": "uuid"}},
        shares={"type": "object", "additionalProperties": _list(TEXT)},
        faults=FAULTS,
    ),
    "additionalProperties": True,  # `shows`, and the other members in the data file
}
A_MERCHANT = _answer(client_id=TEXT, **MERCHANT)
A_DELIVERY = _answer(
    id=TEXT,
    person=TEXT,
    client_id=TEXT,
    event=_choice(*Variant),
    body=TEXT,
    made_at=TIME,
    expires_at=TIME,
    attempts=INTEGER,
    tried_at={"type": ["string", "null"], "format": "date-time"},
    status={"type": ["integer", "null"]},
)
A_CALL = _answer(id=INTEGER, at=TIME, endpoint=TEXT, client_id=OR_NONE, status=INTEGER, error=OR_NONE)
A_CLOCK = _answer(now=TIME, stopped={"type": "boolean"}, ahead=NUMBER)
SNAPSHOT = _answer(schema=TEXT, tables={"type": "object", "additionalProperties": _list(_list({}))})
REQUESTS = [
    {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}},
    {"name": "wait", "in": "query", "schema": {"type": "number", "minimum": 0, "maximum": 20, "default": 0}},
    {"name": "endpoint", "in": "query", "schema": TEXT},
]
PATHS: dict[str, dict[str, Json]] = {
    "/control/": {"get": _operation("This API, described for people", TEXT)},
    "/control/openapi.json": {
        "get": _operation("This API, described for programs", {"type": "object", "required": ["openapi", "paths"]})
    },
    "/control/authorize": {"post": _operation("A whole login at once", _answer(location={"type": "string"}), LOGIN)},
    "/control/persons": {
        "get": _operation("All persons", _answer(persons=_list(A_PERSON))),
        "post": _operation("Add a person like another one", A_PERSON, NEW_PERSON),
    },
    "/control/persons/{key}": {
        "patch": _operation("Change fields of a person", A_PERSON, PERSON, parameters=_named("key")),
        "delete": _operation("Delete an added person", _answer(deleted=TEXT), NOTHING, parameters=_named("key")),
    },
    "/control/persons/{key}/revoke": {
        "post": _operation(
            "End the sharing with one company, or with all, and tell them",
            _answer(
                revoked=_list(TEXT),
                delivered={"type": "object", "additionalProperties": {"type": ["integer", "null"]}},
                deliveries=_list(TEXT),
            ),
            _object({"client_id": TEXT, "event": _choice(*Variant)}),
            parameters=_named("key"),
        )
    },
    "/control/persons/{key}/answer": {
        "post": _operation(
            "Answer the oldest login request on the person's phone",
            _answer(answered=TRUE),
            ANSWER,
            parameters=_named("key"),
        )
    },
    "/control/deliveries": {
        "get": _operation("What companies are told, newest first", _answer(deliveries=_list(A_DELIVERY)))
    },
    "/control/deliveries/{delivery_id}/send": {
        "post": _operation("Send one, again or at last", A_DELIVERY, NOTHING, parameters=_named("delivery_id"))
    },
    "/control/merchants": {
        "get": _operation("All merchants, with their secrets", _answer(merchants=_list(A_MERCHANT)))
    },
    "/control/merchants/{client_id}": {
        "put": _operation(
            "Add a merchant, or replace one",
            A_MERCHANT,
            _object(MERCHANT, required=("name", "client_secret", "redirect_uris")),
            parameters=_named("client_id"),
        ),
        "patch": _operation(
            "Change fields of a merchant", A_MERCHANT, _object(MERCHANT), parameters=_named("client_id")
        ),
    },
    "/control/keys/rotate": {"post": _operation("Sign with a new key from now on", _answer(kid=TEXT), NOTHING)},
    "/control/faults": {
        "put": _operation(
            "Replace the faults of the discovery document and the key set",
            _answer(faults={"type": "object", "additionalProperties": {"type": "object"}}),
            _object({kind: {"type": "object"} for kind in faults.ENDPOINT_KINDS}),
        )
    },
    "/control/requests": {
        "get": _operation(
            "Calls to the protocol endpoints; with `wait`, answered when there is one",
            _answer(counts={"type": "object", "additionalProperties": INTEGER}, requests=_list(A_CALL)),
            parameters=REQUESTS,
        )
    },
    "/control/clock": {
        "get": _operation("The time of this simulator", A_CLOCK),
        "put": _operation(
            "Stop the clock, set it ahead, or make it the real one",
            A_CLOCK,
            _object({"stopped_at": {"type": ["string", "null"]}, "ahead": NUMBER}),
        ),
    },
    "/control/snapshot": {
        "get": _operation("All data of this world", SNAPSHOT),
        "put": _operation("Replace all data by that of a snapshot", _answer(restored=TRUE), SNAPSHOT),
    },
    "/control/reset": {
        "post": _operation(
            "Delete logins and consents, of one merchant or of all, and undo changes; the keys stay",
            _answer(reset=TRUE),
            _object({"client_id": TEXT}),
            missing=True,
        )
    },
}

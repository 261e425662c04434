"""The control API: operates the simulator without its screens, and sets it up for a test.

On the simulator's own computer it needs no token, because all data is fictional. But every change must be sent as JSON:
a page of another origin cannot do that without a CORS preflight, so no web page can change a simulator on a developer's
computer. Other computers need `SimulatorConfig.control_token`.

GET    /control/                        this API as a page
GET    /control/openapi.json            this API as OpenAPI 3.1
POST   /control/authorize               a whole login at once; answers {"location": ...}
GET    /control/persons                 all persons with their data
POST   /control/persons                 add a person like another one: {"like": "kari"}, with fields to change
PATCH  /control/persons/<key>           change fields of a person; "new_profile": true gives a new `sub`, a random
                                        number one that no merchant has seen;
                                        "simulate": "token_500" or "faults": {...} makes all their logins fail that way
DELETE /control/persons/<key>           delete a person that was added
POST   /control/persons/<key>/revoke    revoke the consent for one company ({"client_id": ...}) or for all, and notify;
                                        "event" varies the event: `twice`, `held` (sent only by the call below),
                                        `three_segments` (a dot at the end), `wrong_event`, `expired`, `silent` (never
                                        sent)
POST   /control/persons/<key>/answer    answer the oldest login request on the person's phone, which a merchant started
                                        by phone number; "action", "consents" and "faults" as for a whole login
GET    /control/deliveries              the revocation events, and the status of each delivery
POST   /control/deliveries/<delivery_id>/send    send an event, for the first time or again
GET    /control/merchants               all merchants, with their secrets
PUT    /control/merchants/<client_id>   add a merchant, or replace one
PATCH  /control/merchants/<client_id>   change fields, for example auth_method or plan
POST   /control/keys/rotate             sign with a new key from now on
PUT    /control/faults                  faults of the discovery document and the key set, until they are replaced; {}
                                        removes them
GET    /control/requests                calls to the protocol endpoints; ?after=<id> for those after one,
                                        &wait=<seconds> to wait for one, &endpoint=token for one to that endpoint
GET    /control/clock                   the simulator's time
PUT    /control/clock                   stop it ("stopped_at"), set it ahead ("ahead", seconds), or make it real ({})
GET    /control/snapshot                all data of this world
PUT    /control/snapshot                replace all data by that of a snapshot
POST   /control/reset                   delete logins and consents, undo changes; keep the keys; with {"client_id": ...}
                                        keep the logins and consents of other merchants
"""

import hmac
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, g, jsonify, make_response, render_template, request
from sqlalchemy import delete
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from . import (
    clock,
    control_requests,
    faults,
    keys,
    logins,
    merchants,
    openapi,
    persons,
    pings,
    random_values,
    request_log,
    revocations,
    seed,
    sharing,
    snapshots,
)
from .config import MerchantConfig
from .context import simulator
from .database import fetch
from .models import Delivery, EndpointFault, Grant, Person, SalesUnit
from .revocations import Variant
from .scenarios import SCENARIOS

bp = Blueprint("control", __name__, url_prefix="/control")

LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
MAX_GENERATIONS = 10**9
MAX_ID = 2**31 - 1  # the largest integer that a column holds on every database

_Row = TypeVar("_Row", Person, SalesUnit, Delivery)


@bp.before_request
def refuse_other_computers() -> None:
    """Refuse other computers without the token: this API shows secrets and makes the simulator send requests."""
    config = simulator().config
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if config.control_token and hmac.compare_digest(token.encode(), config.control_token.encode()):
        return
    if not config.is_local or request.remote_addr not in LOOPBACK:
        abort(HTTPStatus.FORBIDDEN, "the control API needs the simulator's control token, except on its own computer")


@bp.get("/")
def describe() -> str:
    """Show the control API as a page."""
    return render_template("control.html", public_url=simulator().config.public_url, scenarios=SCENARIOS)


@bp.get("/openapi.json")
def describe_to_programs() -> Response:
    """Describe the control API in OpenAPI."""
    return jsonify(openapi.document(simulator().config.public_url))


@bp.post("/authorize")
def authorize() -> Response:
    """Perform a whole login at once."""
    with simulator().store.write() as session:
        return jsonify(location=control_requests.perform(session, simulator().config, _body()))


@bp.get("/persons")
def list_persons() -> Response:
    """List the persons."""
    with simulator().store.read() as session:
        return jsonify(persons=[_person_json(session, person) for person in persons.list_persons(session)])


@bp.post("/persons")
def add_person() -> Response:
    """Add a person like another one."""
    changes = _body()
    with simulator().store.write() as session:
        like = changes.pop("like", "kari")
        model = fetch(session, Person, str(like))
        if model is None:
            raise ValueError(f"like: {like!r} is not one of the persons")
        chosen = _pop_faults(changes)
        person = persons.add_like(session, model, changes)
        person.faults = chosen or {}
        return jsonify(_person_json(session, person))


@bp.patch("/persons/<key>")
def change_person(key: str) -> Response:
    """Change a person."""
    changes = _body()
    with simulator().store.write() as session:
        person = _existing(session, Person, key)
        person.generation += _generations(changes.pop("new_profile", False))
        chosen = _pop_faults(changes)
        person.faults = person.faults if chosen is None else chosen
        person.profile = persons.change(person.profile, changes)
        return jsonify(_person_json(session, person))


@bp.delete("/persons/<key>")
def delete_person(key: str) -> Response:
    """Delete a person that was added."""
    _body()
    with simulator().store.write() as session:
        person = _existing(session, Person, key)
        if not persons.is_added(person):
            raise ValueError(f"{key}: is one of the test persons of the data file")
        session.delete(person)
    return jsonify(deleted=key)


@bp.post("/persons/<key>/revoke")
def revoke_sharing(key: str) -> Response:
    """Revoke the person's consent for one company, or for all."""
    chosen, variant = _body().get("client_id"), revocations.variant_named(_body().get("event"))
    with simulator().store.write() as session:
        person = _existing(session, Person, key)
        units = [access.client_id for access in sharing.companies(session, person.key)]
        revoked = [client_id for client_id in units if chosen in (None, client_id)]
        events = [revocations.revoke(session, person, client_id, variant) for client_id in revoked]
    to_deliver = [event for event in events if event]
    # The HTTP status of each company's webhook: null without an answer; absent if the event was not sent.
    now = [event for event in to_deliver if event.variant != Variant.HELD]
    delivered = {event.client_id: revocations.send_new(simulator().store, event) for event in now}
    return jsonify(revoked=revoked, delivered=delivered, deliveries=[event.id for event in to_deliver])


@bp.post("/persons/<key>/answer")
def answer_request(key: str) -> Response:
    """Answer the oldest request on the person's phone, and ping the merchant."""
    with simulator().store.write() as session:
        person = _existing(session, Person, key)
        login_id = control_requests.answer(session, simulator().config, person, _body())
    pings.send(simulator().store, login_id)
    return jsonify(answered=True)


@bp.get("/deliveries")
def list_deliveries() -> Response:
    """List the revocation events, newest first."""
    with simulator().store.read() as session:
        return jsonify(deliveries=[_delivery_json(delivery) for delivery in revocations.newest(session)])


@bp.post("/deliveries/<delivery_id>/send")
def send_delivery(delivery_id: str) -> Response:
    """Send an event, for the first time or again."""
    _body()
    revocations.send(simulator().store, delivery_id)
    with simulator().store.read() as session:
        return jsonify(_delivery_json(_existing(session, Delivery, delivery_id)))


@bp.get("/merchants")
def list_merchants() -> Response:
    """List the merchants."""
    with simulator().store.read() as session:
        return jsonify(merchants=[merchants.as_json(unit) for unit in merchants.list_merchants(session)])


@bp.put("/merchants/<client_id>")
def put_merchant(client_id: str) -> Response:
    """Add or replace a merchant."""
    with simulator().store.write() as session:
        wanted = {**_body(), "client_id": client_id}
        return jsonify(_saved(session, wanted, fetch(session, SalesUnit, client_id)))


@bp.patch("/merchants/<client_id>")
def change_merchant(client_id: str) -> Response:
    """Change a merchant."""
    with simulator().store.write() as session:
        unit = _existing(session, SalesUnit, client_id)
        changed = {**merchants.as_json(unit), **_body(), "client_id": client_id}
        return jsonify(_saved(session, changed, unit))


@bp.post("/keys/rotate")
def rotate_keys() -> Response:
    """Replace the signing key."""
    _body()
    with simulator().store.write() as session:
        return jsonify(kid=keys.rotate(session))


@bp.put("/faults")
def put_faults() -> Response:
    """Replace the faults of the discovery document and the key set."""
    wanted = _body()
    faults.check_endpoints(wanted)
    with simulator().store.write() as session:
        session.execute(delete(EndpointFault))
        session.add_all(EndpointFault(name=name, fault=fault) for name, fault in wanted.items())
    return jsonify(faults=wanted)


@bp.get("/requests")
def list_requests() -> Response:
    """Count and list the calls to the protocol endpoints."""
    after = min(max(request.args.get("after", 0, type=int), 0), MAX_ID)
    if seconds := min(request.args.get("wait", 0.0, type=float), request_log.MAX_WAIT_SECONDS):
        request_log.wait(simulator().store, after, request.args.get("endpoint", ""), seconds)
    with simulator().store.read() as session:
        return jsonify(counts=request_log.counts(session, after), requests=request_log.newest(session, after=after))


@bp.get("/clock")
def show_clock() -> Response:
    """Tell the time."""
    return jsonify(clock.as_json(g.clock))


@bp.put("/clock")
def change_clock() -> Response:
    """Stop the clock, set it ahead, or make it the real one."""
    with simulator().store.write() as session:
        return jsonify(clock.as_json(clock.change(session, _body())))


@bp.get("/snapshot")
def take_snapshot() -> Response:
    """Return all data of this world."""
    with simulator().store.read() as session:
        return jsonify(snapshots.take(session))


@bp.put("/snapshot")
def restore_snapshot() -> Response:
    """Replace all data with the data of a snapshot."""
    request.max_content_length = snapshots.MAX_BYTES
    with simulator().store.write() as session:
        snapshots.restore(session, _body())
    return jsonify(restored=True)


@bp.post("/reset")
def reset() -> Response:
    """Reset all data except the keys, or one merchant's."""
    client_id = _body().get("client_id")
    with simulator().store.write() as session:
        if client_id is None:
            seed.reset(session, simulator().config.merchants)
        else:
            seed.reset_merchant(session, _existing(session, SalesUnit, str(client_id)))
    if client_id is None:
        random_values.restart(simulator().config.seed)
    return jsonify(reset=True)


@bp.errorhandler(ValueError)
def refuse(error: ValueError) -> Response:
    """Answer with the error in JSON."""
    return make_response(jsonify(error=str(error)), HTTPStatus.BAD_REQUEST)


@bp.errorhandler(HTTPException)
def refuse_http(error: HTTPException) -> Response:
    """Answer an HTTP error in JSON."""
    return make_response(jsonify(error=error.description), error.code or HTTPStatus.BAD_REQUEST)


def _body() -> dict[str, Any]:
    try:
        body = request.get_json()
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


def _pop_faults(changes: dict[str, Any]) -> dict[str, Any] | None:
    """Take the faults out of a person's changes; None if there are none to set."""
    if not {"faults", "simulate"} & set(changes):
        return None
    name, chosen = changes.pop("simulate", ""), changes.pop("faults", {})
    if name and (name not in SCENARIOS or SCENARIOS[name].refusal):
        raise ValueError(f"simulate: {name!r} is no fault of a login")
    if not isinstance(chosen, dict):
        raise ValueError("faults: must be a JSON object")
    faults.check(chosen)
    return {**(SCENARIOS[name].faults if name else {}), **chosen}


def _generations(new_profile: object) -> int:
    """Return how many generations later a new profile is; a large number is new to every merchant."""
    if not isinstance(new_profile, int) or not 0 <= new_profile < MAX_GENERATIONS:
        raise ValueError("new_profile must be true, false or a number")
    return int(new_profile)


def _saved(session: Session, values: dict[str, Any], unit: SalesUnit | None) -> dict[str, Any]:
    """Save a merchant and return its fields; raise ValueError if they are invalid."""
    merchant = MerchantConfig.from_json(values)
    merchants.check_webhook(merchant, unit)
    return merchants.as_json(merchants.save(session, merchant))


def _existing(session: Session, table: type[_Row], key: str) -> _Row:
    return fetch(session, table, key) or abort(HTTPStatus.NOT_FOUND, f"{key}: not found")


def _person_json(session: Session, person: Person) -> dict[str, Any]:
    units = merchants.list_merchants(session)
    grants: list[Grant] = logins.grants_of(session, person.key)
    return {
        **person.profile,
        "name": persons.full_name(person.profile),
        "subjects": {unit.client_id: persons.subject(person, unit.msn) for unit in units},
        "faults": person.faults,
        "shares": {grant.client_id: grant.scopes for grant in grants},
    }


def _delivery_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "person": delivery.person_key,
        "client_id": delivery.client_id,
        "event": delivery.variant,
        "body": delivery.body,
        "made_at": delivery.made_at.isoformat(),
        "expires_at": delivery.expires_at.isoformat(),
        "attempts": delivery.attempts,
        "tried_at": delivery.tried_at and delivery.tried_at.isoformat(),
        "status": delivery.status,
    }

"""Run Schemathesis against the control API.

Schemathesis reads the API's description, and sends valid and invalid requests. Another test compares the description
with the URL map.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from ..testing import create_test_simulator

CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip
SAME_EVERY_TIME = settings(
    max_examples=5, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def try_everything(schema: Any, origin: str) -> set[tuple[str, int]]:
    """Send valid and invalid requests to each operation; return the operations and the statuses seen."""
    seen: set[tuple[str, int]] = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        try_operation(operation, GenerationMode.POSITIVE, origin, seen)
        if operation.body or any(operation.iter_parameters()):  # otherwise no request can be invalid
            try_operation(operation, GenerationMode.NEGATIVE, origin, seen)
    return seen


def try_operation(operation: Any, mode: GenerationMode, origin: str, seen: set[tuple[str, int]]) -> None:
    """Send a few requests of one kind to one operation; a new signing key takes its time."""

    @settings(SAME_EVERY_TIME, max_examples=2 if "rotate" in operation.label else SAME_EVERY_TIME.max_examples)
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        response = case.call(base_url=origin)
        seen.add((operation.label, response.status_code))
        case.validate_response(response, checks=CHECKS)

    send()


def test_the_control_api_answers_everything_as_it_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.request_log.MAX_WAIT_SECONDS", 0.01)
    simulator = create_test_simulator(tmp_path / "simulator.sqlite")
    served = simulator.wsgi_app
    here = {"REMOTE_ADDR": "127.0.0.1"}  # Schemathesis sets no address, and the API answers only its own computer
    simulator.wsgi_app = lambda environ, start: served({**environ, **here}, start)
    schema = schemathesis.openapi.from_wsgi("/control/openapi.json", simulator)
    seen = try_everything(schema, "http://localhost:8001")
    operations = {label for label, _ in seen}
    assert len(operations) == 21  # all except the description itself
    assert {status for _, status in seen} >= {200, 400, 404}
    assert simulator.test_client().get("/control/persons").status_code == 200


def test_the_description_names_every_address_of_the_control_api_and_no_other(tmp_path: Path) -> None:
    simulator = create_test_simulator(tmp_path / "simulator.sqlite")
    described = simulator.test_client().get("/control/openapi.json").get_json()
    named = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}
    there = {
        (re.sub("<(.*?)>", r"{\1}", str(rule)), method)
        for rule in simulator.url_map.iter_rules()
        if str(rule).startswith("/control/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert named == there
    for path, methods in described["paths"].items():
        for operation in methods.values():
            parts = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert parts == set(re.findall("{(.*?)}", path))

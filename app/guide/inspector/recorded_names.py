"""One plain sentence for each name that appears in a recorded login (`data/recorded_names.toml`)."""

from collections.abc import Mapping

from app.guide import tables

RESULTS = {"passed": "passed", "failed": "failed", "not_reached": "not reached"}  # of a check, see `checks.Result`

_TABLE: Mapping[str, Mapping[str, str]] = tables.load(
    "recorded_names.toml", "parameters", "headers", "claims", "scopes", "calls", "tables"
)
PARAMETERS = _TABLE["parameters"]
HEADERS = _TABLE["headers"]
CLAIMS = _TABLE["claims"]
SCOPES = _TABLE["scopes"]
CALLS = _TABLE["calls"]
TABLES = _TABLE["tables"]

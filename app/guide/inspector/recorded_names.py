"""One plain sentence for each name that appears in a recorded login (`data/recorded_names.toml`)."""

from app.guide import tables

RESULTS = {"passed": "passed", "failed": "failed", "not_reached": "not reached"}  # of a check, see `checks.Result`

_KINDS = "parameters", "headers", "claims", "scopes", "calls", "tables"
_TABLE = tables.load("recorded_names.toml", *_KINDS)
PARAMETERS, HEADERS, CLAIMS, SCOPES, CALLS, TABLES = map(_TABLE.__getitem__, _KINDS)

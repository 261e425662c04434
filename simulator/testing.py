"""Helpers for tests that use the simulator: two sample merchants, and a simulator on a SQLite file.

A merchant site's tests may import this module. It needs no test framework and no network.
"""

from pathlib import Path
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from . import create_simulator
from .config import MerchantConfig, SimulatorConfig

ORIGIN = "http://localhost:8001"
CALLBACK = "http://localhost:5000/callback"

BASIC_MERCHANT = MerchantConfig(
    client_id="c0ffee00-0000-4000-8000-000000000001",
    client_secret="secret+/=",  # noqa: S106 (a secret for tests; it needs encoding in a form, which is a test of its own)
    name="Testbutikken",
    redirect_uris=(CALLBACK, "http://localhost:5000/other?kept=yes", "testbutikken://app/callback"),
    msn="300001",
)
ADVANCED_MERCHANT = MerchantConfig(
    client_id="c0ffee00-0000-4000-8000-000000000002",
    client_secret="advanced-secret",  # noqa: S106 (a secret for tests)
    name="Den andre",
    redirect_uris=(CALLBACK,),
    plan="advanced",
    msn="300002",
)


class _TemplateCache(BytecodeCache):
    """Keeps compiled templates in memory, because each test creates apps of its own."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template that was compiled before."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a compiled template."""
        self._code[bucket.key, bucket.checksum] = bucket.code


_template_cache = _TemplateCache()


def create_test_simulator(database: Path, **settings: Any) -> Flask:
    """Create a simulator on a SQLite file; `settings` replace those of `SimulatorConfig`."""
    config = SimulatorConfig(
        **{
            "public_url": ORIGIN,
            "database_url": f"sqlite:///{database}",
            "secret_key": "for tests",
            "merchants": (BASIC_MERCHANT, ADVANCED_MERCHANT),
            **settings,
        }
    )
    app = create_simulator(config)
    app.jinja_env.bytecode_cache = _template_cache
    app.config["TESTING"] = True
    return app

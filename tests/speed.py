"""Make the tests fast: each test builds its own apps, and most of this work is the same every time.

Modules are compiled once, templates, routes and statements once per process, and the machine's certificates are read
once. Garbage is collected less often. Passwords are hashed with the lowest cost of Argon2id; other tests check the
shop's own parameters, and that every path through a login computes a hash.

Routes and statements use private names of Werkzeug and SQLAlchemy. Without that, `tests/shop/test_cart.py` takes 37 %
more processor time (5.6 instead of 4.1 s). `tests/test_library_internals.py` fails if an upgrade breaks them.
"""

import gc
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from argon2 import PasswordHasher
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from app import security
from app.customers.passwords import hashing

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows
    flock = None

REAL = hashing._hasher
EQUAL_SECONDS = security.EQUAL_SECONDS
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Return the compiled template, if there is one."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a compiled template."""
        self._kept[bucket.key, bucket.checksum] = bucket.code


compiled_templates = CompiledTemplates()


def answer_at_once() -> None:
    """Turn off the equal response time of some pages; `tests/mail/test_real_server.py` tests it."""
    security.EQUAL_SECONDS = 0.0


def compile_modules_once() -> None:
    """Store compiled modules, whatever the environment says: otherwise each process of a test compiles them again."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@contextmanager
def alone_at_first() -> Iterator[None]:
    """Let the first worker load the tests alone; the others wait, and load the modules that it compiled."""
    if flock is None:
        yield
        return
    with open(__file__, encoding="utf-8") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            flock(file, LOCK_SH)
        yield


def compile_routes_once() -> None:
    """Reuse the functions that Werkzeug compiles from a rule: they get the rule as argument and do not use the app."""
    compile_one, kept = Rule.compile, {}

    def once(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, tuple(sorted((rule.defaults or {}).items())))
        if key not in kept:
            compile_one(rule)
            kept[key] = {name: getattr(rule, name) for name in ("_parts", "_trace", "_converters", "arguments")}
            kept[key] |= {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
        for name, value in kept[key].items():
            setattr(rule, name, value.__get__(rule) if name.startswith("_build") else value)

    Rule.compile = once


def compile_statements_once() -> None:
    """Share SQLAlchemy's compiled statements between all engines of a dialect: they have the same settings."""
    kept: LRUCache[Any, Any] = LRUCache(5000)
    Engine._compiled_cache = property(lambda engine: kept, lambda engine, own: None)
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)
    DefaultDialect.__hash__ = lambda self: hash(type(self))


def read_certificates_once() -> None:
    """Reuse the TLS context with the machine's certificates, for each location that the environment names."""
    make, kept = ssl.create_default_context, {}

    def once(*arguments: Any, **options: Any) -> ssl.SSLContext:
        if arguments or options:
            return make(*arguments, **options)
        key = tuple(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
        if key not in kept:
            kept[key] = make()
        return kept[key]

    ssl.create_default_context = once


def collect_garbage_seldom() -> None:
    """Collect garbage seldom: the apps of a test are thousands of objects that are released together."""
    gc.set_threshold(20_000, 20, 20)


def hash_cheaply() -> None:
    """Hash passwords with the lowest cost."""
    hashing._hasher, hashing._NO_PASSWORD = CHEAP, CHEAP.hash("\0no password")

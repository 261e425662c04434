"""What makes the tests fast and nothing else: every test builds apps of its own, and most of that work is the same.

Templates and routes are compiled once per process. Passwords are hashed with the least that Argon2id takes; what the
shop's own parameters are, and that no way through a login saves a hash, has tests that do not depend on their cost.
"""

from collections.abc import Callable

from argon2 import PasswordHasher
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from app.customers import passwords

REAL = passwords._hasher
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template back as it was compiled, if it was."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


compiled_templates = CompiledTemplates()


def compile_routes_once() -> None:
    """Keep the functions that Werkzeug compiles for a rule: they get the rule itself as an argument."""
    compile_one, kept = Rule._compile_builder, {}

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return compile_one(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = compile_one(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = once  # type: ignore[method-assign]


def hash_cheaply() -> None:
    """Hash passwords with the least cost."""
    passwords._hasher, passwords._NOBODYS = CHEAP, CHEAP.hash("\0nobody")

"""Measure the time from the start of a process to a finished `create_app`, and the memory at that moment.

It is compared with an empty Flask app that runs the same import statements: those of every loaded file of the shop,
except imports of each other. The provider is running and must not be called.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.lab import Lab
from bench.measure import Figure, alternately

MEBIBYTE = 1024 * 1024


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure the start of the shop and of the empty app."""
    provider = lab.provider()
    env = lab.client_environment(provider.origin)
    lab.set_up_shop(env)
    shop, empty = Starts(lab, env), Starts(lab, env, libraries(lab, env))
    for warm_up in (shop, empty):
        warm_up.processor_ms()
    value, baseline = alternately(rounds, shop.processor_ms, empty.processor_ms)
    ours_size, their_size = median(shop.sizes), median(empty.sizes)
    calls = sum(provider.counts().values())
    return [
        Figure("Start, processor time", "ms", value, baseline, value / baseline, at_most=1.5),
        Figure("Start, memory", "MiB", ours_size, their_size, ours_size / their_size, at_most=1.25),
        Figure("Start, calls to the provider", "calls", calls, at_most=0),
    ]


@dataclass
class Starts:
    """The starts of one app, and the resident memory after each, in MiB."""

    lab: Lab
    env: dict[str, str]
    imports: str = ""
    sizes: list[float] = field(default_factory=list)

    def processor_ms(self) -> float:
        """Start it once; return the milliseconds of processor time until the app was built."""
        process = self.lab.start("-m", "bench.app_start", *filter(None, [self.imports]), env=self.env)
        seconds = float(process.line())
        self.sizes.append(process.family()[0].memory_info().rss / MEBIBYTE)
        process.stop()
        return seconds * 1000


def libraries(lab: Lab, env: dict[str, str]) -> str:
    """Return the import statements of the shop's files, without imports of each other."""
    process = lab.start("-m", "bench.app_start", env=env)
    process.line()
    files = process.ask("which files?")["files"]
    process.stop()
    return "\n".join(sorted({statement for file in files for statement in foreign_imports(Path(file))}))


def foreign_imports(file: Path) -> Iterator[str]:
    """Yield the import statements at the top of a file that import other packages."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        if names and not any(name.split(".")[0] == "app" for name in names):
            yield ast.unparse(node)

"""Measure alternately, and report medians as figures with a target."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

Take = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """One line of the result. The target is for the ratio, or for `value` without a ratio."""

    name: str
    unit: str
    value: float
    baseline: float | None = None
    ratio: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def judged(self) -> float:
        """Return the number that the target is for."""
        return self.value if self.ratio is None else self.ratio

    @property
    def aim(self) -> str:
        """Return the target as text, empty without one."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met; None without one."""
        if self.at_most is not None:
            return self.judged <= self.at_most
        return self.judged >= self.at_least if self.at_least is not None else None

    def as_dict(self) -> dict[str, Any]:
        """Return the figure for a JSON file."""
        return {**asdict(self), "met": self.met}


def alternately(rounds: int, *takes: Take) -> list[float]:
    """Run every measurement once per round, one after the other, and return the median of each."""
    series: list[list[float]] = [[] for _ in takes]
    for _ in range(rounds):
        for kept, take in zip(series, takes, strict=True):
            kept.append(take())
    return [median(kept) for kept in series]


def percentile(values: list[float], percent: float) -> float:
    """Return the smallest value that this percentage of the values does not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]

"""Gives the views the settings, database and keys of the current app's simulator."""

import random
from dataclasses import dataclass
from typing import cast

from flask import current_app

from . import discovery
from .config import SimulatorConfig
from .database import Store
from .keys import KeyRing
from .worlds import Worlds

EXTENSION = "simulator"


@dataclass(frozen=True)
class Simulator:
    """The parts of one simulator."""

    config: SimulatorConfig
    store: Store
    keys: KeyRing
    random: random.Random
    worlds: Worlds | None = None

    def close(self) -> None:
        """Close the databases."""
        if self.worlds:
            self.worlds.close()
        self.store.engine.dispose()

    @property
    def issuer(self) -> str:
        """The issuer identifier, with its trailing slash."""
        return discovery.issuer(self.config.public_url)


def simulator() -> Simulator:
    """Return the simulator of the current app."""
    return cast(Simulator, current_app.extensions[EXTENSION])

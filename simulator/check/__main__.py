"""Runs the command: `python -m simulator.check merchant.toml`."""

import sys

from .command import main

sys.exit(main())

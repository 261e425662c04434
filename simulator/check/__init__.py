"""Checks a merchant's login with Vipps: drives it as a browser does, answers as the provider with faults, and judges.

`python -m simulator.check merchant.toml` runs it. The merchant's behaviour proves an unsafe verdict, for example a
browser that is logged in with a token for another audience. The cases are data in `cases/`.
"""

from .command import main

__all__ = ["main"]

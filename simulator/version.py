"""Names the version of the simulator, and the documentation that it follows.

The version is semantic (semver.org), and the behaviour of the default world is its interface: a change that could break
a merchant's tests raises the first number. `CHANGELOG.md` lists changes by the date of Vipps' documentation.
"""

__version__ = "1.1.0"
FOLLOWS = "Simulator-Follows"
DOCUMENTATION = "2026-11"

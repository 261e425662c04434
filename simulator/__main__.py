"""Runs the command: `python -m vipps_login_simulator serve`."""

from .cli import main

raise SystemExit(main())

"""Page numbers in addresses."""

import re

from flask import abort, request

MAX_PAGE = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def page_number() -> int:
    """Return `?page=`, 1 without it; what is no page number is an address that leads nowhere."""
    given = request.args.get("page", "1")
    if not MAX_PAGE.fullmatch(given):
        abort(404)
    return int(given)


def within(page: int, pages: int) -> None:
    """Answer 404 for a page after the last one."""
    if page > pages:
        abort(404)

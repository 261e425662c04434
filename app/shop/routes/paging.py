"""Which page of a list an address means: by its number, or by the place where it begins or ends."""

import re

from flask import abort, request

from app.database import MAX_ID
from app.shop.catalogue import Place

MAX_PAGE = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
PLACE = re.compile(r"(-?[0-9]{1,10})\.([0-9]{1,10})", re.ASCII)


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


def place(name: str) -> Place | None:
    """Return the place in the address, None without it; what is no place is an address that leads nowhere."""
    given = request.args.get(name)
    if given is None:
        return None
    found = PLACE.fullmatch(given) or abort(404)
    position, product_id = int(found[1]), int(found[2])
    return Place(position, product_id) if max(abs(position), product_id) <= MAX_ID else abort(404)

"""Reset the demo: the shop's sample accounts and stock, and what the simulator knows about this shop."""

from flask import current_app

from app.database import begin_write, db
from app.logging import log
from demo import simulator
from samples import customers, products


def start_over() -> bool:
    """Reset the demo's accounts and stock, and delete the accounts that scenarios created.

    Settings that a visitor changed in their world go too. Returns whether the simulator was reset too.
    """
    begin_write()
    customers.start_over(db.session())
    products.restock(db.session())
    db.session.commit()
    log.info("demo_started_over")
    if world := current_app.extensions.get("demo.world"):
        world.settings_file.unlink(missing_ok=True)
    return simulator.reset()

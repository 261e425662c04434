"""Reset the demo: the shop's sample accounts and stock, and what the simulator knows about this shop."""

from app.database import begin_write, db
from app.logging import log
from demo import simulator
from samples import customers, products


def start_over() -> bool:
    """Reset the demo's accounts and stock, and delete the accounts that scenarios created.

    Returns whether the simulator was reset too.
    """
    begin_write()
    customers.start_over(db.session())
    products.restock(db.session())
    db.session.commit()
    log.info("demo_started_over")
    return simulator.reset()

"""Reset the demo: the shop's sample accounts and stock, and what the simulator knows about this shop."""

from flask import current_app
from sqlalchemy import delete

from app.customers.models import WebhookDelivery
from app.database import begin_write, db
from app.logging import log
from demo import simulator
from samples import customers, products


def start_over() -> bool:
    """Reset the demo's accounts and stock, and delete the accounts that scenarios created.

    A visitor's world also loses the settings that they changed, and the webhook deliveries, by which the tour would
    tick a step again. Returns whether the simulator was reset too.
    """
    world = current_app.extensions.get("demo.world")
    begin_write()
    customers.start_over(db.session())
    products.restock(db.session())
    if world:
        db.session.execute(delete(WebhookDelivery))
    db.session.commit()
    log.info("demo_started_over")
    if world:
        world.settings_file.unlink(missing_ok=True)
    return simulator.reset()

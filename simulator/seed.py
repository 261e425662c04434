"""Fills the simulator's database at start, and resets it on request."""

import hashlib

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from . import keys, merchants, persons
from .config import MerchantConfig
from .database import Base, Store
from .models import (
    AccessToken,
    BackchannelRequest,
    Clock,
    ConsentAnswer,
    Delivery,
    EndpointFault,
    Grant,
    Login,
    Person,
    ProviderCall,
    RememberedBrowser,
    SalesUnit,
)

_DISPOSABLE = (
    *(AccessToken, BackchannelRequest, Login, ConsentAnswer, Grant, Delivery),
    *(RememberedBrowser, ProviderCall, EndpointFault, Person, Clock),
)


def prepare(store: Store, configured: tuple[MerchantConfig, ...]) -> None:
    """Create the tables, the first key, the persons and the merchants that do not exist yet."""

    def seed(session: Session) -> None:
        keys.ensure_key(session)
        persons.seed(session)
        merchants.seed(session, configured)

    store.build(stamp(), seed)


def reset(session: Session, configured: tuple[MerchantConfig, ...]) -> None:
    """Delete all logins and consents, and undo all changes to persons and merchants; keep the keys."""
    for table in _DISPOSABLE:
        session.execute(delete(table))
    session.expunge_all()
    persons.seed(session)
    merchants.reset(session, configured)


def reset_merchant(session: Session, unit: SalesUnit) -> None:
    """Delete one merchant's logins and consents, and restore its configuration.

    All persons get their data back and all browsers are forgotten, because these belong to no merchant.
    """
    for table in (Login, ConsentAnswer, Grant, Delivery):  # access tokens go with their logins
        session.execute(delete(table).where(table.client_id == unit.client_id))
    session.execute(delete(RememberedBrowser))
    persons.restore(session)
    merchants.save(session, MerchantConfig.from_json(unit.configured))


def stamp() -> str:
    """Return a hash of the tables and the persons: a database with another hash is rebuilt."""
    tables = "".join(str(CreateTable(table)) for table in Base.metadata.sorted_tables)
    return hashlib.sha256(tables.encode() + persons.FILE.read_bytes()).hexdigest()

"""Fills the simulator's database at start, and resets it on request."""

import hashlib

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from simulator import keys, merchants, persons
from simulator.config import MerchantConfig
from simulator.database import Base, Store
from simulator.models import (
    AccessToken,
    ConsentAnswer,
    Delivery,
    EndpointFault,
    Grant,
    Login,
    Person,
    ProviderCall,
    RememberedBrowser,
)

_DISPOSABLE = (
    *(AccessToken, Login, ConsentAnswer, Grant, Delivery),
    *(RememberedBrowser, ProviderCall, EndpointFault, Person),
)


def prepare(store: Store, configured: tuple[MerchantConfig, ...]) -> None:
    """Create the tables, the first key, the persons and the merchants that do not exist yet."""

    def seed(session: Session) -> None:
        keys.ensure_key(session)
        persons.seed(session)
        merchants.seed(session, configured)

    store.build(_stamp(), seed)


def reset(session: Session, configured: tuple[MerchantConfig, ...]) -> None:
    """Delete all logins and consents, and undo all changes to persons and merchants; keep the keys."""
    for table in _DISPOSABLE:
        session.execute(delete(table))
    session.expunge_all()
    persons.seed(session)
    merchants.reset(session, configured)


def _stamp() -> str:
    """Return a hash of the tables and the persons: a database with another hash is rebuilt."""
    tables = "".join(str(CreateTable(table)) for table in Base.metadata.sorted_tables)
    return hashlib.sha256(tables.encode() + persons.FILE.read_bytes()).hexdigest()

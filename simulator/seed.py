"""Filling the simulator's database at start, and emptying it on request."""

import hashlib

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from simulator import keys, merchants, persons
from simulator.config import MerchantConfig
from simulator.database import Base, Store
from simulator.models import AccessToken, ConsentAnswer, Delivery, Grant, Login, Person, ProviderCall, RememberedBrowser

_DISPOSABLE = (AccessToken, Login, ConsentAnswer, Grant, Delivery, RememberedBrowser, ProviderCall, Person)


def prepare(store: Store, configured: tuple[MerchantConfig, ...]) -> None:
    """Make the tables, the first key, the persons and the merchants, as far as they are not there."""

    def seed(session: Session) -> None:
        keys.ensure_key(session)
        persons.seed(session)
        merchants.seed(session, configured)

    store.build(_stamp(), seed)


def reset(session: Session, configured: tuple[MerchantConfig, ...]) -> None:
    """Forget what happened and undo all changes to persons and merchants; the keys stay."""
    for table in _DISPOSABLE:
        session.execute(delete(table))
    session.expunge_all()
    persons.seed(session)
    merchants.reset(session, configured)


def _stamp() -> str:
    """Name the tables and the persons that a database is built for: any change to them rebuilds it."""
    tables = "".join(str(CreateTable(table)) for table in Base.metadata.sorted_tables)
    return hashlib.sha256(tables.encode() + persons.FILE.read_bytes()).hexdigest()

"""Two hosts of one shop with one PostgreSQL, one Redis and one provider, shared by all tests of the folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import Popen

import pytest
from flask import Flask

from app import create_app
from app.database import db
from app.settings import load
from samples import products as shop_seed
from tests.conftest import ENVIRONMENT, free_port, migrated_database
from tests.hosts.people import People, PeopleHandler
from tests.hosts.processes import Host, redis_server
from tests.provider import CLIENT_ID, running


@dataclass(frozen=True)
class Place:
    """The hosts, their servers and the provider; `app` is the same shop in the test's process, to read the database."""

    hosts: tuple[Host, Host]
    people: People
    app: Flask
    redis: "Popen[bytes]"
    start: Callable[..., Host]


@pytest.fixture(scope="package")
def place(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Start two hosts with two workers each, on a migrated database with the demo's products."""
    folder = tmp_path_factory.mktemp("hosts")
    with ExitStack() as stack:
        people = stack.enter_context(running(People, handler=PeopleHandler))
        redis_port = free_port()
        redis = stack.enter_context(redis_server(folder, redis_port))
        env = {
            **ENVIRONMENT,
            "DATABASE_URL": stack.enter_context(migrated_database(postgresql_server)),
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "SIMULATOR_URL": people.origin,
            "VIPPS_CLIENT_ID": CLIENT_ID,
            "VIPPS_CLIENT_SECRET": "a-secret",
            "DEMO": "0",
            # Four workers and the workers that replace them share the server's 100 connections.
            "DATABASE_POOL_SIZE": "5",
            "DATABASE_POOL_OVERFLOW": "15",
        }
        app = create_app(load(env))
        with app.app_context():
            shop_seed.load(db.session())
            db.session.commit()
        stack.callback(_dispose, app)

        def start(**more: str) -> Host:
            port = free_port()
            host = Host(port, {**env, **more}, folder / f"{port}.log")
            stack.callback(host.kill)
            return host

        hosts = (start(), start())
        for host in hosts:
            host.wait()
        yield Place(hosts, people, app, redis, start)


def _dispose(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()

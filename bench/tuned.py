"""The Authlib quickstart with one shared connection pool: what its users reach with one small class.

Authlib caches the discovery document and the keys per process, but makes a session, and with it a connection pool and
a TLS context, for each call. Here all sessions share one adapter. All else is the quickstart's.
"""

import os
from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask
from requests.adapters import HTTPAdapter

from bench import quickstart

POOL_SIZE = 64


class SharedAdapter(HTTPAdapter):
    """An adapter that stays open when a session closes its adapters."""

    def close(self) -> None:
        """Keep the connections for the next session."""


ADAPTER = SharedAdapter(pool_maxsize=POOL_SIZE)


class PooledSession(OAuth2Session):
    """A session on the shared connections. It reads no settings from the environment for each call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mount("https://", ADAPTER)
        self.mount("http://", ADAPTER)
        self.trust_env, self.verify = False, os.environ["REQUESTS_CA_BUNDLE"]


class PooledApp(FlaskOAuth2App):
    """Authlib's client, with the sessions above."""

    client_cls = PooledSession


class PooledOAuth(OAuth):
    """Authlib's registry, with the client above."""

    oauth2_client_cls = PooledApp


def create_app() -> Flask:
    """Build the quickstart with the shared pool."""
    return quickstart.create_app(PooledOAuth)

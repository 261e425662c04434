"""The configuration of the integration; the shop translates its settings into it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

# The one callback; registered in the business portal as a redirect URI, with the shop's origin in front.
CALLBACK_PATH = "/login/vipps/callback"
# The revocation webhook, without its token.
WEBHOOK_PATH = "/webhooks/vipps/consent-revoked/"
ISSUER_PATH = "/access-management-1.0/access/"
DISCOVERY_PATH = f"{ISSUER_PATH}.well-known/openid-configuration"


class ConnectTo(NamedTuple):
    """The server to connect to instead of the URL's host; `without_tls` if a tunnel ends the URL's TLS."""

    host: str
    port: int
    without_tls: bool = False


@dataclass(frozen=True)
class VippsConfig:
    """One sales unit in one environment.

    `base_url` is the provider's origin (https://apitest.vipps.no, https://api.vipps.no or a simulator's), from which
    issuer and discovery follow; every other address comes from the discovery document. `scopes` are sent as they stand.
    `system_name` and `system_version` are how Vipps sees this software in its logs. `concurrent_logins` limits how many
    callbacks of this process may wait for Vipps at once. `webhook_token` is the last part of the revocation webhook's
    address, which only Vipps knows; without one there is no webhook. While it is being changed, `other_webhook_tokens`
    are accepted as well. `check_first` checks that the provider accepts connections before a browser is sent there: for
    a simulator, which is stopped more often than Vipps. `failures_on_demand`: a visitor can order the provider to fail,
    as with a simulator, so failures do not count as outages. `connect_to`: the host and port to connect to instead of
    those in `base_url`: for a simulator that the server reaches at another address than browsers. Requests and
    certificates keep the name in `base_url`.
    """

    base_url: str
    client_id: str
    client_secret: str
    redirect_uri: str
    system_name: str
    system_version: str
    scopes: tuple[str, ...] = ("openid", "name", "phoneNumber", "email")
    client_auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    merchant_serial_number: str = ""
    market: str = "NO"
    concurrent_logins: int = 100
    webhook_token: str = ""
    other_webhook_tokens: tuple[str, ...] = ()
    check_first: bool = False
    failures_on_demand: bool = False
    connect_to: ConnectTo | None = None

    @property
    def secure_cookies(self) -> bool:
        """Return whether browsers reach the merchant over https."""
        return self.redirect_uri.startswith("https://")

    @property
    def issuer(self) -> str:
        """Return the issuer, with its trailing slash (Vipps Login API guide: well-known endpoint)."""
        return self.base_url + ISSUER_PATH

    @property
    def discovery_url(self) -> str:
        """Return the URL of the discovery document."""
        return self.base_url + DISCOVERY_PATH

    @property
    def tracking_headers(self) -> dict[str, str]:
        """Return the headers by which Vipps finds a merchant's calls (Vipps: HTTP headers); 30 characters each."""
        headers = {
            "Vipps-System-Name": self.system_name,
            "Vipps-System-Version": self.system_version,
            "Vipps-System-Plugin-Name": self.system_name,
            "Vipps-System-Plugin-Version": self.system_version,
        }
        if self.merchant_serial_number:
            headers["Merchant-Serial-Number"] = self.merchant_serial_number
        return headers


@lru_cache(maxsize=64)  # every request needs the same few names
def scoped_cookie_name(name: str, url: str, owner: str = "") -> str:
    """Return the name of a cookie of the site at this URL; on plain http it begins with the owner, if there is one.

    On https it gets `__Host-`, so that neither a sibling host nor a plain-http page can set it (ASVS 3.3.3). On plain
    http it gets the port: a cookie is for all ports of a host (RFC 6265, section 8.5), so two apps on localhost would
    otherwise log each other out.
    """
    parts = urlsplit(url)
    return f"__Host-{name}" if parts.scheme == "https" else f"{owner}{parts.port or 80}-{name}"

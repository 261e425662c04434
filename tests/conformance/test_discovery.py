"""The provider's discovery document: the shop takes every endpoint from it, after checking the document."""

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.vipps.config import DISCOVERY_PATH
from tests.conformance.op import OpenIDProvider
from tests.conformance.party import RelyingParty
from tests.conftest import browser_of
from tests.provider import KEYS_PATH, TOKEN_PATH, USERINFO_PATH, running

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


def test_a33_endpoints_come_from_the_document(party: RelyingParty) -> None:
    op = party.op
    op.discovery = {name: f"{op.origin}/moved/{name}" for name in ENDPOINTS}
    op.bent = {
        "/moved/token_endpoint": op.redeem,
        "/moved/userinfo_endpoint": lambda to: to.send_json(op.answer(USERINFO_PATH)),
        "/moved/jwks_uri": lambda to: to.send_json(op.answer(KEYS_PATH)),
    }
    for _ in range(3):
        party.is_in(party.log_in())
    assert [op.calls(path) for path in (DISCOVERY_PATH, "/moved/jwks_uri", "/moved/token_endpoint")] == [1, 1, 3]
    assert op.calls(TOKEN_PATH) == op.calls(USERINFO_PATH) == op.calls(KEYS_PATH) == 0


@pytest.mark.parametrize("issuer", ["https://evil.example/", "without-slash", None])
def test_a35_another_issuer(party: RelyingParty, issuer: str | None) -> None:
    ours = party.op.document()["issuer"]
    party.op.discovery = {"issuer": ours.rstrip("/") if issuer == "without-slash" else issuer}
    assert party.browser.get("/login/vipps").status_code == 502, "the shop does not redirect there"
    party.is_refused()


def test_b36_a_certificate_of_no_trusted_authority(party: RelyingParty, make_app: Any, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "certificate.pem"))
    with running(OpenIDProvider, tls=context) as impostor:
        shop = make_app(SIMULATOR_URL=impostor.origin)
        party.app, party.browser = shop, browser_of(shop)
        party.is_refused(next_one_works=False)
        assert impostor.seen == []


def self_signed(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that no authority has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_a34_another_jwks_uri(party: RelyingParty) -> None:
    op = party.op
    op.discovery = {"jwks_uri": op.origin + "/other-keys"}
    op.bent = {
        "/other-keys": lambda to: to.send_json({"keys": [op.other_key.as_dict(private=False)]}),
        KEYS_PATH: lambda to: to.send_json({"keys": [op.key.as_dict(private=False)]}),
    }
    op.key, op.header = op.other_key, {"alg": "RS256", "kid": "public:1"}
    party.is_in(party.log_in())

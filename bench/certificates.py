"""Create a certificate for `localhost`, and the trust store of a real machine with its issuer added.

The size of the store matters: a client that builds a TLS context per login reads every certificate in it each time. So
the clients get certifi's whole bundle and the issuer, not the issuer alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificates:
    """Three files: the provider's certificate, its key, and the clients' trust store."""

    chain: Path
    key: Path
    trusted: Path


def make(folder: Path) -> Certificates:
    """Create an authority and a certificate signed by it, valid for a day."""
    made = Certificates(folder / "provider.pem", folder / "provider.key", folder / "trusted.pem")
    issuer, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    authority = _sign("Benchmark authority", issuer, issuer, authority=True)
    made.chain.write_text(_pem(_sign("localhost", key, issuer, authority=False)))
    made.key.touch(mode=0o600)
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    made.trusted.write_text(Path(certifi.where()).read_text() + _pem(authority))
    return made


def _sign(subject: str, key: rsa.RSAPrivateKey, issuer: rsa.RSAPrivateKey, *, authority: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Benchmark authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    return builder.sign(issuer, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()

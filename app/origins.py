"""Read an origin (scheme, host and port) in its one normal form.

Every origin that the shop compares goes through `normal_origin`: the settings, and the host of each request. The form
is the one that browsers send: letters in lower case, international names in ASCII, no default port, no dot or slash at
the end (RFC 3986, sections 6.2.2.1 and 6.2.3; RFC 5891; WHATWG URL, section 3.5).
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(\.{LABEL})*")
# WHATWG URL: a name whose last part is a number is an IPv4 address, or no host at all.
ENDS_IN_NUMBER = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)")


def normal_origin(value: str) -> str:
    """Return an origin in its normal form; raise `ValueError` with the reason if it is not an origin."""
    # `urlsplit` removes control characters, and drops what stands between a bracket and the port.
    if re.search(r"[\x00-\x20\x7f%]|\][^:/]", value):
        raise ValueError("a character in it cannot be a part of an origin")
    try:
        parts = urlsplit(value.rstrip("/"))
        port = parts.port
    except ValueError:  # the error's message may quote a part of a password
        raise ValueError("host and port are not those of an address; a port is a number up to 65535") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("it does not begin with http:// or https:// and a host name")
    # These parts would get into the redirect URI, which Vipps compares character by character (Vipps Login API FAQ).
    if parts.path or "?" in value or "#" in value or "@" in value or "\\" in value:
        raise ValueError("an origin has no path, query, '#' or credentials")
    if port == 0:
        raise ValueError("0 is not a port")
    host = _normal_host(parts.hostname)
    return f"{parts.scheme}://{host}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")


def is_of_local_network(host: str) -> bool:
    """Tell whether a host is one of this machine or its network: a private address, a plain name or `.local` name."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(".local")


def _normal_host(host: str) -> str:
    try:
        if ":" in host:
            return f"[{IPv6Address(host).compressed}]"
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode()
        host = host.lower().removesuffix(".")
        if ENDS_IN_NUMBER.fullmatch(host):
            return str(IPv4Address(host))
    except AddressValueError:
        raise ValueError("the host is not an IP address") from None
    except idna.IDNAError as error:
        raise ValueError(f"the host is not a name ({error})") from None
    if not NAME.fullmatch(host):
        raise ValueError("the host is not a name")
    return host

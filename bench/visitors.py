"""Visit a page from a separate process, over kept-alive connections and with a browser's headers.

python -m bench.visitors hurry PORT COOKIE     for each number: make that many requests, print the duration
python -m bench.visitors stroll PORT COOKIE    request at a steady pace until a line comes, print the response times
"""

import json
import select
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from bench.lab import SHOP_ORIGIN

CONNECTIONS = 4
REQUESTS_PER_CONNECTION = 10
PACE_SECONDS = 0.02
TIMEOUT_SECONDS = 90  # longer than any server may take, so that a long wait is measured and not cut off
REQUEST = (
    "GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\r\n"
    "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en-GB,en;q=0.8\r\n{cookie}\r\n"
)


class Visitor:
    """One browser on one connection, which is opened when needed."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port = port
        self.cookies = dict(pair.split("=", 1) for pair in [cookie] if pair)
        self.sock: socket.socket | None = None

    def get(self) -> bytes:
        """Request the front page; return the response's head once the whole response has arrived."""
        if self.sock is None:
            self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        cookie = f"Cookie: {pairs}\r\n" if pairs else ""
        self.sock.sendall(REQUEST.format(host=urlsplit(SHOP_ORIGIN).netloc, cookie=cookie).encode())
        head, _, body = self._until(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(body)
        while left > 0:
            left -= len(self._receive())
        if b"connection: close" in head.lower():
            self.close()
        return head

    def keep_cookies(self) -> None:
        """Visit once and store the cookies, as a browser does."""
        for line in self.get().decode("latin-1").split("\r\n"):
            field, _, value = line.partition(": ")
            if field.lower() == "set-cookie":
                name, _, content = value.split(";")[0].partition("=")
                self.cookies[name] = content

    def close(self) -> None:
        """Close the connection."""
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def _until(self, end: bytes) -> tuple[bytes, bytes, bytes]:
        received = b""
        while end not in received:
            received += self._receive()
        return received.partition(end)

    def _receive(self) -> bytes:
        assert self.sock is not None
        part = self.sock.recv(256 * 1024)
        if not part:
            raise SystemExit("the server hung up")
        return part


def hurry(port: int, cookie: str) -> None:
    """Make the number of requests on each line, as fast as possible."""
    visitors = [Visitor(port, cookie) for _ in range(CONNECTIONS)]
    print("ready", flush=True)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for line in sys.stdin:
            each = int(line) // CONNECTIONS
            began = time.perf_counter()
            list(threads.map(visit, visitors, [each] * CONNECTIONS))
            print(json.dumps({"seconds": time.perf_counter() - began, "requests": each * CONNECTIONS}), flush=True)


def visit(visitor: Visitor, times: int) -> None:
    """Make a number of requests, on a new connection now and then.

    A page costs half as much again when one of two workers has all connections, and chance decides which worker gets
    one. A round has enough connections to even that out.
    """
    visitor.keep_cookies()
    for number in range(1, times):
        if number % REQUESTS_PER_CONNECTION == 0:
            visitor.close()
        if not good(visitor.get()):
            raise SystemExit("the front page failed")
    visitor.close()  # it would idle into the next round


def good(head: bytes) -> bool:
    """Tell whether a response is the page."""
    return head.startswith(b"HTTP/1.1 200 ")


def stroll(port: int, cookie: str) -> None:
    """Request at a steady pace until a line comes; a late response counts from the time its request was due."""
    visitor, waited, failed = Visitor(port, cookie), [], 0
    visitor.get()
    print("ready", flush=True)
    due = time.perf_counter()
    while not select.select([sys.stdin], [], [], max(due - time.perf_counter(), 0))[0]:
        failed += not good(visitor.get())
        waited.append((time.perf_counter() - due) * 1000)
        due += PACE_SECONDS
    print(json.dumps({"ms": waited, "failed": failed}), flush=True)


if __name__ == "__main__":
    {"hurry": hurry, "stroll": stroll}[sys.argv[1]](int(sys.argv[2]), sys.argv[3])

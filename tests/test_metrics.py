"""`/metrics`: its token, its counts, and that values from outside cannot add series."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import urllib3
from flask import Flask

from app import metrics, signals
from app.customers.models import Customer
from app.database import db
from app.vipps.transport import Call, call_made
from tests.conftest import browser_of, post
from tests.customers.steps import EMAIL, PASSWORD, add_customer, log_in_by_form
from tests.vipps.webhook_steps import send
from tests.vipps_person import VippsPerson

KEPT = ("PATH", "HOME", "FLASK_SKIP_DOTENV")  # of the environment, for a process
ROOT = Path(__file__).resolve().parent.parent
TOKEN = "a long token for tests, not to be guessed"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def measured(make_app: Any) -> Flask:
    return make_app(demo=True, METRICS_TOKEN=TOKEN)


@pytest.fixture
def measured_vipps(make_app: Any, simulator: str) -> VippsPerson:
    shop = make_app(demo=True, SIMULATOR_URL=simulator, METRICS_TOKEN=TOKEN)
    return VippsPerson(shop, browser_of(shop), simulator)


def numbers(app: Flask) -> dict[str, float]:
    """Return the counted numbers by series, such as `shop_logins_total{method="vipps",outcome="create"}`."""
    return parsed(app.test_client().get("/metrics", headers=ALLOWED).text)


def parsed(text: str) -> dict[str, float]:
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _space, value in samples if "_created" not in series}


def test_metrics_are_served_with_the_token_only_under_any_host_name(measured: Flask, app: Flask) -> None:
    client = measured.test_client()
    for given in ("", f"Bearer {TOKEN}x", TOKEN, "Bearer ", "Bearer \xff"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    assert client.get("/metrics").status_code == 404
    response = client.get("/metrics", headers={**ALLOWED, "Host": "10.0.0.7:8000"})
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.mimetype == "text/plain"
    assert app.test_client().get("/metrics", headers=ALLOWED).status_code == 404, "off without a token in the settings"
    assert "metrics" not in app.extensions


def test_without_metrics_the_library_is_not_imported() -> None:
    code = "import sys; from app import create_app; create_app(); sys.exit('prometheus_client' in sys.modules)"
    environ = {name: value for name, value in os.environ.items() if name in KEPT}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**environ, "SECRET_KEY": "k" * 48}, check=False)
    assert done.returncode == 0


def test_logins_calls_and_sessions_are_counted(measured_vipps: VippsPerson) -> None:
    app, browser = measured_vipps.app, measured_vipps.browser
    measured_vipps.log_in("kari")
    browser.get(measured_vipps.approve(measured_vipps.start(), "kari", action="deny"))
    browser.get(measured_vipps.approve(measured_vipps.start(), "kari", faults={"token": {"status": 503}}))
    browser.get("/login/vipps/callback?state=unknown&code=x")
    measured_vipps.log_in("kari")
    post(browser, "/logout", form_on="/account")
    found = numbers(app)
    for outcome in ("link_and_log_in", "known_subject", "access_denied", "vipps_overloaded", "state_unknown"):
        assert found[f'shop_logins_total{{method="vipps",outcome="{outcome}"}}'] == 1
    assert found['shop_sessions_begun_total{method="vipps"}'] == 2
    assert found['shop_sessions_ended_total{reason="replaced"}'] == 1
    assert found['shop_sessions_ended_total{reason="logged_out"}'] == 1
    calls = {tuple(re.findall(r'"(\w+)"', name)): value for name, value in found.items() if "seconds_count" in name}
    expected = {("discovery", "2xx"): 1, ("keys", "2xx"): 1, ("token", "2xx"): 2, ("token", "5xx"): 1}
    assert calls == {**expected, ("userinfo", "2xx"): 2}
    assert found['shop_requests_total{route="/login/vipps/callback",status="3xx"}'] == 2


def test_passwords_consents_and_webhooks_are_counted(measured: Flask) -> None:
    customer_id, browser = add_customer(measured), browser_of(measured)
    log_in_by_form(browser, EMAIL, "not it at all")
    log_in_by_form(browser, EMAIL, PASSWORD)
    for answer in ("on", "off"):
        post(browser, "/account/consents", {"consent": "sms", "answer": answer}, form_on="/account/consents")
    sender = measured.test_client(use_cookies=False)
    assert [send(sender).status_code, send(sender, b"e30.e30").status_code] == [200, 400]
    with measured.test_request_context():
        from app.customers.accounts.registration import block

        block(db.session.get_one(Customer, customer_id))
        db.session.commit()
    found = numbers(measured)
    for series in (
        'logins_total{method="password",outcome="refused"}', 'logins_total{method="password",outcome="logged_in"}',
        'consents_total{answer="yes",channel="sms"}', 'consents_total{answer="no",channel="sms"}',
        'webhook_events_total{outcome="unknown_subject"}', 'webhook_events_total{outcome="unreadable"}',
        'sessions_ended_total{reason="blocked"}',
    ):  # fmt: skip
        assert found[f"shop_{series}"] == 1


def test_a_rolled_back_fact_is_not_counted_and_a_savepoint_is_not_a_commit(measured: Flask) -> None:
    def ended() -> float:
        return numbers(measured).get('shop_sessions_ended_total{reason="deleted"}', 0)

    with measured.app_context():
        for end in (db.session.rollback, db.session.commit):
            with db.session.begin_nested():
                signals.send_on_commit(signals.sessions_ended, reason="deleted", number=1)
            assert ended() == 0
            end()
    assert ended() == 1


def test_values_from_outside_do_not_create_series(measured: Flask) -> None:
    client = measured.test_client()
    for _ in range(40):
        word = secrets.token_hex(8)
        client.get(f"/{word}")
        client.open("/", method="GET", headers={"Host": word})
        client.get(f"/login/vipps/callback?error={word}&state={word}")
        with measured.app_context():
            signals.send(signals.login_ended, method=word, outcome=word)
            signals.send(signals.session_began, method=word)
            signals.send(signals.sessions_ended, reason=word, number=1)
            signals.send(signals.consent_recorded, channel=word, answer="yes")
            signals.send(signals.event_received, outcome=word)
            call_made.send(call=Call("GET", f"https://x.example/{word}", {}, None, 0.1, int(word[:2], 16)))
            call_made.send(call=Call("GET", f"https://x.example/{word}", {}, None, 0.1, failure=word))
    found = numbers(measured)
    series = {name for name in found if "_bucket" not in name}
    assert len(series) < 30, sorted(series)
    assert found['shop_logins_total{method="other",outcome="other"}'] == 40
    assert found['vipps_call_seconds_count{endpoint="other",outcome="other"}'] >= 40


def test_the_lists_of_label_values_match_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "app").rglob("*.py") if path.name != "metrics.py")
    assert set(re.findall(r"EndReason\.(\w+)", code)) == {reason.name for reason in metrics.END_REASONS}
    assert set(re.findall(r'LoginMethod.PASSWORD, outcome="(\w+)"', code)) | {"logged_in"} == metrics.PASSWORD_OUTCOMES


def test_another_shop_of_the_same_process_counts_for_itself(make_app: Any, measured: Flask) -> None:
    other = make_app(METRICS_TOKEN=TOKEN)
    with other.app_context():
        signals.send(signals.session_began, method="mail")
    assert 'shop_sessions_begun_total{method="mail"}' in numbers(other)
    assert 'shop_sessions_begun_total{method="mail"}' not in numbers(measured)


@pytest.mark.slow
def test_two_workers_of_gunicorn_count_together(demo_database: Path, tmp_path: Path, unused_port: int) -> None:
    shutil.copy(demo_database, tmp_path / "shop.sqlite")
    environ = {
        **{name: value for name, value in os.environ.items() if name in KEPT}, "TMPDIR": str(tmp_path),
        "SECRET_KEY": "a key for tests that is long enough to sign",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite'}", "PUBLIC_URL": f"http://127.0.0.1:{unused_port}",
        "BIND": f"127.0.0.1:{unused_port}", "WEB_CONCURRENCY": "2", "METRICS_TOKEN": TOKEN,
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log)
    try:
        pages, counted = until_both_have_answered(f"http://127.0.0.1:{unused_port}", tmp_path)
        assert counted == pages
        send_malformed_request(unused_port)
        assert counted_after_a_worker_ended(f"http://127.0.0.1:{unused_port}", tmp_path) == pages
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    assert not list(tmp_path.glob("shop-metrics-*")), "the master removed the folder"
    told = (tmp_path / "log").read_text()
    assert '"library": "gunicorn.error"' in told, "gunicorn logged the malformed request"
    assert "hunter22" not in told


def counted_after_a_worker_ended(origin: str, folder: Path) -> float:
    """End one worker, wait until it has ended, and return the number of pages that the others report."""
    files = list(folder.glob("shop-metrics-*/counter_*.db"))
    pid = int(files[0].stem.partition("_")[2])
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, "the worker did not end"
        time.sleep(0.05)
    text = urllib3.PoolManager(retries=3).request("GET", f"{origin}/metrics", headers=ALLOWED).data.decode()
    return parsed(text)['shop_requests_total{route="/terms",status="2xx"}']


def send_malformed_request(port: int) -> None:
    """Send a malformed request with a code in it, and wait for the answer of gunicorn."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /login/vipps/callback?code=hunter22 HTTP/1.1 nonsense\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def until_both_have_answered(origin: str, folder: Path) -> tuple[int, float]:
    """Open a page until each worker has counted one; return the number of requests and the number counted."""
    pool, pages, until = urllib3.PoolManager(retries=False), 0, time.monotonic() + 60
    while time.monotonic() < until:
        try:
            # Without keep-alive; otherwise one worker would get all requests.
            pages += pool.request("GET", f"{origin}/terms", headers={"Connection": "close"}).status == 200
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
            continue
        if len(list(folder.glob("shop-metrics-*/counter_*.db"))) == 2:
            text = pool.request("GET", f"{origin}/metrics", headers=ALLOWED).data.decode()
            return pages, parsed(text)['shop_requests_total{route="/terms",status="2xx"}']
    raise AssertionError("only one worker answered")

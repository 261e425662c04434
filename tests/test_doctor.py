"""The doctor: every check has a finding without secrets, and a failing check does not stop the others."""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import about, doctor
from app.database import db
from app.doctor import Level, own
from app.doctor import vipps as vipps_questions
from app.doctor.findings import Finding
from app.settings import DEMO_CLIENT_SECRET
from tests.conftest import served
from tests.shop.steps import add_product

OLDER_KEY = "t4-Kd9Wm2xQ_vB7sNcZ0yLhRfPgJuAe8"
REAL = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "a-client", "VIPPS_CLIENT_SECRET": "a-secret-of-a-client",
    "SECRET_KEY": "qX2v-7LrT9pZ_wK4mNcB8sYd1JfGhAeU", "PUBLIC_URL": "https://shop.example.com",
    "VIPPS_WEBHOOK_TOKEN": "a-token-that-cannot-be-guessed-at-all", "DEMO": "0",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_check_calls_port_8000(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the check that requests the shop's own address: a demo on this machine may listen there."""
    others = tuple(check for check in doctor.DOCTOR_CHECKS if check is not own.webhook)
    monkeypatch.setattr(doctor, "DOCTOR_CHECKS", others)


def asked(app: Flask, check: Callable[[], Finding]) -> Finding:
    with app.test_request_context():
        return check()


@pytest.fixture
def shop(make_app: Callable[..., Flask], simulator: str) -> Flask:
    return make_app(SIMULATOR_URL=simulator)


def found(app: Flask) -> dict[str, Finding]:
    """Run every check; return the findings by name."""
    with app.test_request_context():
        return {finding.name: finding for finding in doctor.examine()}


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed, without the log beside it."""
    result = app.test_cli_runner().invoke(args=["doctor", *arguments])
    return result.exit_code, result.stdout


def test_healthy_shop_has_no_problems(shop: Flask) -> None:
    findings = found(shop)
    assert list(findings) == [check.__name__ for check in doctor.DOCTOR_CHECKS]
    assert [finding for finding in findings.values() if finding.level is Level.FAILED] == []
    good = "discovery keys clock scopes authorization_request client_authentication migrations"
    assert [findings[name] for name in good.split() if findings[name].level is not Level.OK] == []
    code, printed = run(shop)
    assert (code, "Nothing has to be mended." in printed) == (0, True)
    code, printed = run(shop, "--json")
    fields = [set(each) for each in json.loads(printed)]
    assert (code, fields) == (0, [{"name", "title", "level", "said", "advice"}] * len(fields))


@pytest.mark.parametrize(
    ("environ", "check", "words"),
    [
        ({"VIPPS_CLIENT_ID": "x", "VIPPS_CLIENT_SECRET": "y"}, "client_authentication", "invalid_client"),
        ({"VIPPS_CLIENT_ID": "x", "VIPPS_CLIENT_SECRET": "y"}, "authorization_request", "error page (400)"),
        ({"VIPPS_CLIENT_AUTH_METHOD": "client_secret_post"}, "client_authentication", "invalid_client"),
        ({"PUBLIC_URL": "http://localhost:8123"}, "authorization_request", "error page (400)"),
        ({"VIPPS_SCOPES": "openid paymentSourceReferences"}, "scopes", "paymentSourceReferences"),
        ({"MAIL_URL": "smtp://someone:hunter2hunter2@localhost:9"}, "mail", "localhost: "),
        ({"REDIS_URL": "redis://:hunter2hunter2@localhost:9/0"}, "limits", "Error"),
    ],
)
def test_every_problem_is_named(
    make_app: Callable[..., Flask], simulator: str, environ: dict[str, str], check: str, words: str
) -> None:
    app = make_app(SIMULATOR_URL=simulator, **environ)
    finding = found(app)[check]
    assert finding.level in (Level.FAILED, Level.WARNING)
    assert words in finding.said
    assert finding.advice
    code, printed = run(app)
    assert code == (1 if finding.level is Level.FAILED else 0)
    assert finding.said in printed
    assert finding.advice in printed


def test_the_finding_names_the_source_of_each_setting_and_no_value(
    shop: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.settings.DOTENV", tmp_path / ".env")
    monkeypatch.delenv("FLASK_SKIP_DOTENV")
    (tmp_path / ".env").write_text("SECRET_KEY=hunter2hunter2\nMAIL_URL=smtp://me:hunter2@host\n")
    monkeypatch.setenv("SECRET_KEY", "hunter3hunter3")
    monkeypatch.setenv("VIPPS_MARKET", "")
    said = found(shop)["settings"].said
    assert re.fullmatch(r"From environment: .*SECRET_KEY.*; from \.env: MAIL_URL; \d+ have their default\.", said)
    assert "hunter" not in said
    assert "VIPPS_MARKET" not in said


def test_unreachable_provider_is_reported_once(make_app: Callable[..., Flask], unused_port: int) -> None:
    findings = found(make_app(SIMULATOR_URL=f"http://localhost:{unused_port}"))
    assert findings["discovery"].said.startswith("vipps_unreachable")
    assert {findings[name].level for name in ("clock", "scopes")} == {Level.SKIPPED}
    assert findings["migrations"].level is Level.OK


def test_another_issuer_is_noticed(make_app: Callable[..., Flask], simulator: str) -> None:
    """OpenID Connect Discovery, section 4.3: the simulator has only one issuer."""
    app = make_app(SIMULATOR_URL=simulator.replace("localhost", "127.0.0.1"))
    assert "another issuer" in found(app)["discovery"].said


def test_clock_that_is_off_is_noticed(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=5)

    monkeypatch.setattr(vipps_questions, "datetime", Late)
    finding = found(shop)["clock"]
    assert finding.level is Level.FAILED
    assert int(finding.said.partition(" ")[0]) in range(299, 320)


def test_database_of_another_version_is_noticed(shop: Flask) -> None:
    with shop.app_context():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
    finding = found(shop)["migrations"]
    assert (finding.level, "It is at 0001" in finding.said) == (Level.FAILED, True)
    with shop.app_context():
        db.session.execute(text("DROP TABLE alembic_version"))
        db.session.commit()
    assert "It is at nothing" in found(shop)["migrations"].said


def test_a_read_only_sqlite_database_is_noticed(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite"
    file.touch()
    app = make_app(DATABASE_URL=f"sqlite:///file:{file}?mode=ro&uri=true")
    assert asked(app, own.database).said == "sqlite is read-only."


def test_stand_ins_of_the_template_are_named(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(DEMO="0")
    mine = {"NAME": "Blå", "SLUG": "blaa", "EMAIL": "post@blaa.example", "STREET": "Storgata 1", "TOWN": "Oslo"}
    for name, value in (mine | {"ADDRESS": "Storgata 1, Oslo"}).items():
        monkeypatch.setattr(about, name, value)
    name = tomllib.loads((own.ROOT / "pyproject.toml").read_text())["project"]["name"]
    finding = asked(app, own.stand_ins)
    assert finding.level is Level.WARNING
    for words in ("email address post@blaa.example", "address Storgata 1, Oslo", "empty catalogue"):
        assert words in finding.said
    assert ("multe in pyproject.toml" in finding.said) is (name == "multe")
    add_product(app)
    monkeypatch.setattr(own, "ROOT", Path(own.__file__).parent)  # an image without this file
    for name, value in {"EMAIL": "post@blaa.no", "STREET": "Havnegata 7"}.items():
        monkeypatch.setattr(about, name, value)
    assert asked(app, own.stand_ins).level is Level.OK


def test_webhook_answers_at_its_address_only(make_app: Callable[..., Flask], simulator: str, unused_port: int) -> None:
    app = make_app(SIMULATOR_URL=simulator, PUBLIC_URL=f"http://localhost:{unused_port}")
    assert asked(app, own.webhook).level is Level.WARNING
    with served(app, unused_port):
        finding = asked(app, own.webhook)
        assert (finding.level, finding.said.endswith("answers 405.")) == (Level.OK, True)
    with served(lambda environ, start: (start("404 Not Found", []) and []) or [], unused_port):
        assert asked(app, own.webhook).level is Level.FAILED


def test_real_environment_is_judged_more_strictly(make_app: Callable[..., Flask], simulator: str) -> None:
    base = {**REAL, "VIPPS_BASE_URL": simulator}
    findings = found(make_app(**base))
    levels = [findings[name].level for name in ("https", "secret_key", "proxies", "sales_unit", "counter")]
    assert levels == [Level.OK, Level.OK, Level.WARNING, Level.WARNING, Level.SKIPPED]
    more = found(make_app(**base, VIPPS_MERCHANT_SERIAL_NUMBER="123456", VIPPS_COUNTER="1"))
    assert (more["sales_unit"].level, more["counter"].level) == (Level.OK, Level.OK)
    assert "Secure" in findings["cookies"].said
    for check, level, changed in (
        (own.secret_key, Level.FAILED, {"SECRET_KEY": "a" * 40}),
        (own.secret_key, Level.FAILED, {"SECRET_KEY_FALLBACKS": "a" * 40}),
        (own.environment, Level.WARNING, {"DEMO": "1"}),
        (own.webhook, Level.WARNING, {"VIPPS_WEBHOOK_TOKEN": ""}),
    ):
        assert asked(make_app(**{**base, **changed}), check).level is level, changed
    assert "1 more" in asked(make_app(**base, SECRET_KEY_FALLBACKS=OLDER_KEY), own.secret_key).said


def test_no_secret_is_printed(make_app: Callable[..., Flask], simulator: str) -> None:
    secrets = {
        "SECRET_KEY": "Zk3-hUx8_Lq0TyNf5WbRm7VcPs2DgJeA", "SECRET_KEY_FALLBACKS": OLDER_KEY,
        "VIPPS_WEBHOOK_TOKEN": "wPq8Lm2-Xt5_Rv9KcBn4Yd7HsJf1GhAz",
    }  # fmt: skip
    urls = {"MAIL_URL": "smtp://someone:mailpassword@localhost:9", "REDIS_URL": "redis://:redispassword@localhost:9/0"}
    app = make_app(SIMULATOR_URL=simulator, **secrets, **urls)
    printed = run(app)[1] + run(app, "--json")[1]
    for secret in (*secrets.values(), "mailpassword", "redispassword", DEMO_CLIENT_SECRET):
        assert secret not in printed


def test_check_that_raises_is_a_finding(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Finding:
        raise ZeroDivisionError("with a secret in it")

    monkeypatch.setattr(doctor, "DOCTOR_CHECKS", (broken, own.cookies))
    first, second, *_ = found(shop).values()
    assert (first.level, first.said) == (Level.FAILED, "Could not find out: ZeroDivisionError.")
    assert second.level is Level.OK

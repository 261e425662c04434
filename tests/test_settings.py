"""The settings: invalid values stop the start with the variable's name, and rules between settings."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from flask import Flask

import wsgi
from app.database import engine_options
from app.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Settings, SettingsError, kept_secret, load, sources
from app.vipps.config import ConnectTo
from tests.threads import at_once

ROOT = Path(__file__).resolve().parent.parent
REAL = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "real-id", "VIPPS_CLIENT_SECRET": "real-secret",
    "SECRET_KEY": "k" * 48, "PUBLIC_URL": "https://shop.example.com", "MAIL_URL": "smtp://localhost:25",
}  # fmt: skip
PRODUCTION = {**REAL, "VIPPS_ENVIRONMENT": "production"}
WITH_HOOK = {"VIPPS_WEBHOOK_TOKEN": "w" * 40}


def test_the_demo_needs_no_settings() -> None:
    settings = load({})
    assert (settings.simulated, settings.in_demo, settings.https) == (True, True, False)
    assert settings.redirect_uri == "http://localhost:8000/login/vipps/callback"
    assert settings.provider_url == "http://localhost:8001"
    assert settings.scopes == ("openid", "name", "phoneNumber", "email", "address", "delegatedConsents")
    assert settings.webhook_token


@pytest.mark.parametrize(("environment", "host"), [("test", "apitest"), ("production", "api")])
def test_one_setting_changes_to_the_real_vipps(environment: str, host: str) -> None:
    settings = load({**REAL, "VIPPS_ENVIRONMENT": environment})
    assert settings.provider_url == f"https://{host}.vipps.no"
    assert (settings.in_demo, settings.https, settings.webhook_token) == (False, True, "")


def test_four_variables_are_enough_for_the_real_test_environment() -> None:
    four = {name: REAL[name] for name in ("VIPPS_ENVIRONMENT", "VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET", "SECRET_KEY")}
    assert load(four).redirect_uri == "http://localhost:8000/login/vipps/callback"


@pytest.mark.parametrize("url", ["sqlite:///shop.sqlite", "postgresql+psycopg://me@host/shop"])
def test_the_pool_is_as_large_as_the_settings_say(url: str) -> None:
    usual = engine_options(load({**REAL, "DATABASE_URL": url}))
    assert usual["pool_size"] + usual["max_overflow"] == (30 if url.startswith("postgresql") else 204)
    chosen = engine_options(
        load({**REAL, "DATABASE_URL": url, "DATABASE_POOL_SIZE": "3", "DATABASE_POOL_OVERFLOW": "0"})
    )
    assert (chosen["pool_size"], chosen["max_overflow"]) == (3, 0)
    assert chosen.get("pool_pre_ping", False) == url.startswith("postgresql")


def test_an_empty_value_is_not_set() -> None:
    assert load({**REAL, "VIPPS_MARKET": "", "DEMO": "", "TRUSTED_PROXIES": ""}) == load(REAL)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"VIPPS_ENVIRONMENT": "prod"}, "VIPPS_ENVIRONMENT"),
        ({"VIPPS_CLIENT_AUTH_METHOD": "none"}, "VIPPS_CLIENT_AUTH_METHOD"), ({"VIPPS_MARKET": "no"}, "VIPPS_MARKET"),
        ({"DATABASE_POOL_SIZE": "0"}, "DATABASE_POOL_SIZE"),
        ({"DATABASE_POOL_OVERFLOW": "-1"}, "DATABASE_POOL_OVERFLOW"), ({"VIPPS_BRAND": "Vipps"}, "VIPPS_BRAND"),
        ({"VIPPS_CONSENT_SCOPE": "all"}, "VIPPS_CONSENT_SCOPE"), ({"VIPPS_SCOPES": "name email"}, "VIPPS_SCOPES"),
        ({"VIPPS_SCOPES": "openid nin"}, "VIPPS_SCOPES"), ({"VIPPS_CLIENTID": "x"}, "VIPPS_CLIENT_ID"),
        ({"VIPPS_CLIENT_ID": "x"}, "VIPPS_CLIENT_SECRET"), ({"VIPPS_CLIENT_SECRET": "x"}, "VIPPS_CLIENT_ID"),
        ({"PUBLIC_URL": "http://shop.example.com"}, "PUBLIC_URL: must be https; http is for the simulator on"),
        ({"PUBLIC_URL": "http://8.8.8.8:8000"}, "PUBLIC_URL"), ({"PUBLIC_URL": "http://local.example"}, "PUBLIC_URL"),
        ({**REAL, "PUBLIC_URL": "http://192.168.1.5"}, "PUBLIC_URL: must be https, but for localhost"),
        ({**REAL, "PUBLIC_URL": "http://teacher.local"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example.com/#top"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example.com/shop"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example.com?x=1"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "shop.example.com"}, "PUBLIC_URL"),
        ({"SIMULATOR_URL": "ftp://x"}, "SIMULATOR_URL"), ({"SIMULATOR_URL": "http://x/y"}, "SIMULATOR_URL"),
        ({"SIMULATOR_URL": "http://x/w/../y"}, "SIMULATOR_URL"), ({"SIMULATOR_URL": "http://x/w/a/b"}, "SIMULATOR_URL"),
        ({"SIMULATOR_URL": "http://localhost:8000/w/a"}, "PUBLIC_URL"),
        ({"SIMULATOR_CONNECT_TO": "simulator"}, "SIMULATOR_CONNECT_TO: a host and a port"),
        ({"SIMULATOR_CONNECT_TO": "simulator:99999"}, "SIMULATOR_CONNECT_TO"),
        ({"SIMULATOR_CONNECT_TO": "https://simulator:80"}, "SIMULATOR_CONNECT_TO"),
        ({**REAL, "SIMULATOR_CONNECT_TO": "simulator:80"}, "SIMULATOR_CONNECT_TO: it is for the simulator only"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"MAIL_URL": "nowhere"}, "MAIL_URL"),
        ({"MAIL_URL": "smtp:"}, "MAIL_URL"), ({"MAIL_REPLY_TO": "support"}, "MAIL_REPLY_TO: this is not an email"),
        ({"DEMO": "perhaps"}, "DEMO"),
        ({**REAL, "DEMO": "1", "VIPPS_COUNTER": "1"}, "VIPPS_COUNTER"),
        ({**REAL, "DEMO_WORLDS": "1"}, "DEMO_WORLDS"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
        ({"VIPPS_ENVIRONMENT": "test"}, "VIPPS_CLIENT_ID"),
        ({**REAL, "VIPPS_CLIENT_SECRET": ""}, "VIPPS_CLIENT_SECRET"),
        ({**REAL, "VIPPS_CLIENT_ID": DEMO_CLIENT_ID}, "VIPPS_CLIENT_ID"),
        ({**REAL, "VIPPS_CLIENT_SECRET": DEMO_CLIENT_SECRET}, "VIPPS_CLIENT_SECRET"),
        ({**REAL, "SECRET_KEY": ""}, "SECRET_KEY"), ({**REAL, "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY_FALLBACKS": "o" * 48}, "SECRET_KEY_FALLBACKS: .* SECRET_KEY, the one that signs, is not set"),
        ({**REAL, "SECRET_KEY_FALLBACKS": "o" * 48 + " short"}, "SECRET_KEY_FALLBACKS: at least 32"),
        ({**REAL, "SECRET_KEY_FALLBACKS": "o" * 48 + "," + REAL["SECRET_KEY"]}, "SECRET_KEY_FALLBACKS: .* among them"),
        ({**REAL, "VIPPS_WEBHOOK_TOKEN_FALLBACKS": "o" * 48}, "VIPPS_WEBHOOK_TOKEN_FALLBACKS: .* is not set"),
        ({**REAL, **WITH_HOOK, "VIPPS_WEBHOOK_TOKEN_FALLBACKS": "short"}, "VIPPS_WEBHOOK_TOKEN_FALLBACKS: at least 32"),
        ({**REAL, **WITH_HOOK, "VIPPS_WEBHOOK_TOKEN_FALLBACKS": "w" * 40}, "TOKEN_FALLBACKS: .* is among them"),
        ({**PRODUCTION, "MAIL_URL": ""}, "MAIL_URL"), ({**REAL, "VIPPS_WEBHOOK_TOKEN": "short"}, "VIPPS_WEBHOOK_TOKEN"),
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN"),
        ({**REAL, "VIPPS_BASE_URL": "http://vipps.example"}, "VIPPS_BASE_URL"),
        ({**PRODUCTION, "VIPPS_BASE_URL": "http://localhost:8001"}, "VIPPS_BASE_URL"),
        ({**PRODUCTION, "PUBLIC_URL": "http://localhost:8000"}, "PUBLIC_URL"), ({**PRODUCTION, "DEMO": "1"}, "DEMO"),
    ],
)  # fmt: skip
def test_a_wrong_or_incomplete_setting_is_refused_by_its_name(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        load(environ)
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"VIPPS_MERCHANT_SERIAL_NUMBER": "12\u200b3456"}, r"\(U\+200B ZERO WIDTH SPACE\) at position 3"),
        ({"VIPPS_MERCHANT_SERIAL_NUMBER": "123\n456"}, r"\(U\+000A LINE FEED\) at position 4"),
        ({"VIPPS_MERCHANT_SERIAL_NUMBER": "NO-123"}, "“N”.* digits only"),
        ({"VIPPS_MERCHANT_SERIAL_NUMBER": "١٢٣"}, "ARABIC-INDIC DIGIT ONE"),
        ({"VIPPS_MERCHANT_SERIAL_NUMBER": "1" * 31}, "30 characters"),
        ({"VIPPS_CLIENT_ID": "real id"}, r"VIPPS_CLIENT_ID: \(U\+0020 SPACE\) at position 5"),
        ({"VIPPS_CLIENT_ID": "real–id"}, "VIPPS_CLIENT_ID: “–” .*EN DASH"),
        ({"VIPPS_CLIENT_ID": "real:id"}, "VIPPS_CLIENT_ID: “:”"),
        ({"VIPPS_CLIENT_SECRET": "real\r\nsecret"}, r"VIPPS_CLIENT_SECRET: \(U\+000D"),
        ({"VIPPS_CLIENT_SECRET": '"real-secret"'}, "VIPPS_CLIENT_SECRET: .*quotes"),
        ({"VIPPS_CLIENT_SECRET": "real-id"}, "VIPPS_CLIENT_SECRET: this is the client id"),
        ({"VIPPS_CLIENT_ID": "c2VjcmV0Cg==", "VIPPS_CLIENT_SECRET": str(UUID(int=7))}, "VIPPS_CLIENT_ID: .*swapped"),
        ({"VIPPS_SCOPES": "openid profile"}, "VIPPS_SCOPES: .*did you mean name?"),
        ({"VIPPS_SCOPES": "openid phonenumber"}, "VIPPS_SCOPES: .*did you mean phoneNumber?"),
        ({"VIPPS_SCOPES": "openid colour"}, "VIPPS_SCOPES: “colour” is no scope of Vipps; write"),
        ({"VIPPS_SCOPES": "openid customFlow"}, "VIPPS_SCOPES: .*VIPPS_CONSENT_SCOPE"),
        *(
            ({"VIPPS_WEBHOOK_TOKEN": f"{'w' * 40}{sign}"}, f"VIPPS_WEBHOOK_TOKEN: “{re.escape(sign)}”.*openssl")
            for sign in "/#?%\\é"
        ),
        ({**WITH_HOOK, "VIPPS_WEBHOOK_TOKEN_FALLBACKS": "o" * 40 + "/x"}, "TOKEN_FALLBACKS: “/”"),
        ({"PUBLIC_URL": "https://sh\u200bop.example"}, "PUBLIC_URL: .*ZERO WIDTH SPACE"),
        ({"PUBLIC_URL": "https://shop.example:99999"}, "PUBLIC_URL: .*[Pp]ort"),
        ({"PUBLIC_URL": "https://shop.example:shop"}, "PUBLIC_URL: .*[Pp]ort"),
        ({"PUBLIC_URL": "https://[::1"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://300.1.2.3"}, "PUBLIC_URL: .*IP address"),
        ({"PUBLIC_URL": "https://-shop-.example"}, "PUBLIC_URL: .*not a name"),
        ({"DATABASE_URL": "hunter2"}, "DATABASE_URL: it begins with no scheme; write sqlite"),
        ({"DATABASE_URL": "sqlite://"}, "DATABASE_URL: .*memory"),
        ({"DATABASE_URL": "sqlite:////no/such/folder/shop.sqlite"}, "DATABASE_URL: the folder"),
        ({"DATABASE_URL": "sqlite:////"}, "DATABASE_URL: this is a folder"),
        ({"DATABASE_URL": "postgresql://me:p@ss@host/shop"}, "DATABASE_URL: .*%40"),
        ({"DATABASE_URL": "postgresql://host:x/shop"}, "DATABASE_URL: .*port"),
        ({"DATABASE_URL": "postgresql://host:99999/shop"}, "DATABASE_URL: the port"),
        ({"DATABASE_URL": "postgresql://host/shop?sslmod=require"}, 'DATABASE_URL: .*"sslmod"; write'),
        ({"REDIS_URL": "http://host"}, "REDIS_URL: .*redis://"),
        ({"REDIS_URL": "redis://host:x"}, "REDIS_URL"),
        ({"REDIS_URL": "redis://:12/34@host"}, "REDIS_URL: .*%2F"),
        ({"REDIS_URL": "redis://host/zero"}, "REDIS_URL: .*number of the database"),
        ({"REDIS_URL": "redis://host/0?hunter=2"}, "REDIS_URL: .*unknown option"),
        ({"MAIL_URL": "smtp://me:hunter/2@host:25"}, "MAIL_URL: .*%2F"),
        ({"MAIL_URL": "smtp://me:12/34@host:25"}, "MAIL_URL: .*%2F"),
        ({"MAIL_URL": "smtp://me:12#34@host:25"}, "MAIL_URL: .*%23"),
        ({"MAIL_URL": "smtp://me:[2]@host:25"}, "MAIL_URL"),
        ({"MAIL_URL": "smtp://host:0"}, "MAIL_URL: .*port"),
        ({"MAIL_URL": "smtp://host?from=no address"}, "MAIL_URL: .*from="),
        ({"PUBLIC_URL": "https://[::1]evil.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://ex\tample.com"}, "PUBLIC_URL"),
        ({"MAIL_URL": "smtp://host?form=shop"}, "MAIL_URL: .*from="),
        ({"SECURITY_CONTACT": "http://shop.example"}, "SECURITY_CONTACT: .*https address"),
        ({"SECURITY_CONTACT": "security"}, "SECURITY_CONTACT: .*email address"),
        *(
            ({"CSP_SOURCES": f"font-src=https://a.example {pair}"}, f"CSP_SOURCES: .*{why}")
            for pair, why in {
                "script-src='unsafe-inline'": "no origin",
                "script-src=https://a.example;": "not a name",
                "img-src": "no origin",
                "script-src=data:": "no origin",
                "script-src=*": "no origin",
                "img-src=http://a.example": "no origin",
                "default-src=https://a.example": "“default-src” is none of",
                "img-src=https://a.example/x": "no path",
            }.items()
        ),
        ({"METRICS_TOKEN": "tøken" * 8}, "METRICS_TOKEN: “ø”"),
        ({"PROMETHEUS_MULTIPROC_DIR": "/no/such/folder"}, "PROMETHEUS_MULTIPROC_DIR"),
        ({"VIPPS_ENVIRONMENT": "simulator", "PUBLIC_URL": "http://LOCALHOST:08001/"}, "PUBLIC_URL: .*simulator"),
        ({"SECRET_KEY": "", "SECRETKEY": "k" * 48}, "SECRETKEY: there is no such setting; did you mean SECRET_KEY?"),
        ({"PUBLIC_URL": "", "public_url": "https://shop.example"}, "did you mean PUBLIC_URL?"),
        ({"DATABSE_URL": "sqlite:///x"}, "did you mean DATABASE_URL?"),
    ],
)
def test_a_value_that_can_never_work_stops_the_start_in_one_line(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        load({**REAL, **environ})
    assert not [value for value in ("hunter", "real-secret") if value in str(caught.value)]
    assert len(str(caught.value).splitlines()) == 1 + ("SECRETKEY" in environ)


def test_blanks_and_invisible_characters_at_the_ends_are_removed() -> None:
    given = {**REAL, **WITH_HOOK, "VIPPS_MERCHANT_SERIAL_NUMBER": "123456", "VIPPS_SCOPES": "openid name"}
    for around in ("\n", "\r\n", " ", "\t", "\u200b", "\ufeff", "\u00a0", "\u2060 \n"):
        assert load({name: f"{around}{value}{around}" for name, value in given.items()}) == load(given)


def test_the_database_url_of_a_hosting_platform_gets_the_right_driver() -> None:
    url = "://me:p%40ss@host:5432/shop?sslmode=require"
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        assert load({**REAL, "DATABASE_URL": scheme + url}).database == f"postgresql+psycopg{url}"


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://Shop.Example.com/", "https://shop.example.com"),
        ("HTTPS://shop.example.com:443", "https://shop.example.com"),
        ("https://shop.example.com:0443/", "https://shop.example.com"),
        ("https://shop.example.com.", "https://shop.example.com"),
        ("https://Blåbær.example", "https://xn--blbr-roah.example"),
        ("https://shop。example", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:08000", "http://localhost:8000"),
        ("http://[0:0::1]:8000", "http://[::1]:8000"),
    ],
)
def test_every_spelling_of_an_origin_serves_the_shop(make_app: Callable[..., Flask], written: str, origin: str) -> None:
    """RFC 3986, sections 6.2.2.1 and 6.2.3: a browser sends the host of the normal form."""
    app = make_app(PUBLIC_URL=written)
    assert app.extensions["settings"].redirect_uri == f"{origin}/login/vipps/callback"
    for asked in (origin, origin.upper().replace("HTTP", "http")):
        assert app.test_client().get("/login", base_url=asked).status_code == 200


@pytest.mark.parametrize("variable", ["DATABASE_USER", "MAIL", "HOME", "CLIENT_ID", "BIND"])
def test_the_variables_of_other_programs_are_left_alone(variable: str) -> None:
    assert load({**REAL, variable: "x"}) == load(REAL)


@pytest.mark.parametrize("host", ["192.168.1.5", "10.0.0.7:8000", "[fd00::2]:8000", "teacher.local:8000", "teacher"])
def test_a_local_address_may_be_http_with_the_simulator(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load({"PUBLIC_URL": f"http://{host}", "SIMULATOR_URL": "http://192.168.1.5:8001"})
    wsgi.warn_of_plain_http(settings)
    assert f"http://{host} is plain http" in capsys.readouterr().err
    for quiet in ({}, REAL):
        wsgi.warn_of_plain_http(load(quiet))
        assert not capsys.readouterr().err


CODESPACE = {"CODESPACE_NAME": "fluffy-waffle", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev"}
LOCAL = ("http://localhost:8000", "http://localhost:8001", None, 0)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        (
            CODESPACE,
            (
                "https://fluffy-waffle-8000.app.github.dev", "https://fluffy-waffle-8001.app.github.dev",
                ConnectTo("localhost", 8001, without_tls=True), 1,
            ),
        ),
        ({**CODESPACE, "PUBLIC_URL": "http://localhost:8000"}, LOCAL),
        ({"CODESPACE_NAME": "fluffy-waffle"}, LOCAL),
        ({**CODESPACE, **REAL, "PUBLIC_URL": ""}, LOCAL),
    ],
)  # fmt: skip
def test_a_codespace_has_the_addresses_of_forwarded_ports(environ: dict[str, str], found: tuple[object, ...]) -> None:
    settings = load(environ)
    assert (settings.public_url, settings.simulator_url, settings.connect_to, settings.trusted_proxies) == found


def test_the_file_is_read_beside_the_environment_which_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("app.settings.DOTENV", tmp_path / ".env")
    for name in (*(field.upper() for field in Settings.model_fields), "FLASK_SKIP_DOTENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    (tmp_path / ".env").write_text(
        "\ufeffPUBLIC_URL=https://file.example\r\nVIPPS_MARKET='DK'\n# a comment\nexport DEMO=0 # said\n"
    )
    os.environ["PUBLIC_URL"] = "https://environment.example"
    settings = load()
    assert (settings.public_url, settings.vipps_market, settings.demo) == ("https://environment.example", "DK", False)
    whence = {name: source for name, source in sources().items() if source != "default"}
    assert whence == {"PUBLIC_URL": "environment", "VIPPS_MARKET": ".env", "DEMO": ".env"}
    for text, problem in (
        ("SECRET_KEY\n", "SECRET_KEY has no value"),
        ("DEMO=1\nSECRET KEY=x\n", "line 2 is not NAME=value"),
        ("CLIENT_ID=x", "did you mean VIPPS_CLIENT_ID"),
    ):
        (tmp_path / ".env").write_text(text)
        with pytest.raises(SettingsError, match=problem):
            load()
    (tmp_path / ".env").write_bytes("DEMO=ja".encode("utf-16"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load()


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n"])
def test_fallback_keys_are_separated_by_spaces_or_commas(between: str) -> None:
    older = ["o" * 40, "p" * 40]
    settings = load({**REAL, "SECRET_KEY_FALLBACKS": between.join(older)})
    assert settings.signing_keys == [*older, REAL["SECRET_KEY"]]
    assert not [key for key in older if key in repr(settings)]
    hook = load({**REAL, **WITH_HOOK, "VIPPS_WEBHOOK_TOKEN_FALLBACKS": between.join(older)})
    assert hook.other_webhook_tokens == older
    assert not [token for token in older if token in repr(hook)]


def test_all_problems_are_named_at_once_and_secrets_are_not_in_the_repr() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"VIPPS_ENVIRONMENT": "test"})
    named = {line.split(":")[0] for line in str(caught.value).splitlines()}
    assert named >= {"VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET", "SECRET_KEY"}
    shown = repr(load(REAL)) + str(load(REAL))
    assert [secret for secret in ("real-secret", "kkkk") if secret in shown] == []


def test_a_fork_without_the_demo_has_no_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.setting_checks.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="DEMO_WORLDS"):
        load({"DEMO_WORLDS": "1"})


@pytest.mark.parametrize(
    ("market", "brand"), [("NO", "Vipps"), ("SE", "Vipps"), ("DK", "MobilePay"), ("FI", "MobilePay")]
)
def test_the_brand_follows_the_market_and_the_day_unless_set(market: str, brand: str) -> None:
    """A running shop changes at midnight, without a restart."""
    settings = load({**REAL, "VIPPS_MARKET": market})
    for moment, expected in (("2026-11-28", brand), ("2027-01-11 23:59", brand), ("2027-01-12", "Vipps")):
        with time_machine.travel(f"{moment}Z" if ":" in moment else moment, tick=False):
            assert settings.brand == expected
            for chosen, name in (("vipps", "Vipps"), ("mobilepay", "MobilePay")):
                assert load({**REAL, "VIPPS_MARKET": market, "VIPPS_BRAND": chosen}).brand == name


def test_workers_that_start_together_get_the_same_generated_key(tmp_path: Path) -> None:
    keys = at_once(*[lambda: kept_secret(tmp_path / "instance" / "key")] * 8)
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 48
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["key"]
    assert (tmp_path / "instance" / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "wsgi.py"],
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"],
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "wsgi:app"],
    ],
    ids=["wsgi", "doctor", "gunicorn"],
)
def test_servers_and_commands_read_the_same_file(command: list[str], copy_with_a_mistake: Path) -> None:
    """A wrong value in `.env` stops each command in the same way, without a traceback."""
    ended = subprocess.run(command, cwd=copy_with_a_mistake, env={}, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "VIPPS_MERCHANT_SERIAL_NUMBER: (U+0020 SPACE) at position 3" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def copy_with_a_mistake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the shop and give it a `.env` with a wrong value."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "translations")
    shutil.copytree(ROOT / "app", folder / "app", ignore=ignored)
    for name in ("wsgi.py", "gunicorn.conf.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".env").write_text("WEB_CONCURRENCY=1\nVIPPS_MERCHANT_SERIAL_NUMBER=12 34\n")
    return folder


def test_the_example_file_names_every_variable_with_its_default() -> None:
    written = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(written) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = getattr(field.default, "get_secret_value", lambda field=field: field.default)()
        default = int(default) if isinstance(default, bool) else default
        assert written[name.upper()] == ("" if default is None else str(default)), name


@pytest.mark.parametrize("target", ["app", "simulator"])
def test_the_server_does_not_start_with_invalid_settings(target: str) -> None:
    command, environ = [sys.executable, "-c", f"import wsgi; wsgi.{target}"], {"VIPPS_ENVIRONMENT": "test"}
    ended = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 3
    assert "VIPPS_CLIENT_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr

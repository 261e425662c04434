"""The settings: which are refused at the start, by the name of the variable, and which depend on others."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.database import engine_options
from app.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Settings, SettingsError, kept_secret, load

ROOT = Path(__file__).resolve().parent.parent
REAL = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "real-id", "VIPPS_CLIENT_SECRET": "real-secret",
    "SECRET_KEY": "k" * 48, "PUBLIC_URL": "https://shop.example.com", "MAIL_URL": "smtp://localhost:25",
}  # fmt: skip
PRODUCTION = {**REAL, "VIPPS_ENVIRONMENT": "production"}
WITH_HOOK = {"VIPPS_WEBHOOK_TOKEN": "w" * 40}
SERVED = ["app", "simulator"]


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
    assert usual["pool_size"] + usual["max_overflow"] == (30 if url.startswith("postgresql") else 140)
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
        ({"PUBLIC_URL": "http://shop.example.com"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example.com/#top"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example.com/shop"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example.com?x=1"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "shop.example.com"}, "PUBLIC_URL"), ({"SIMULATOR_URL": "ftp://x"}, "SIMULATOR_URL"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"), ({"DATABASE_URL": "postgresql://x"}, "DATABASE_URL"),
        ({"MAIL_URL": "nowhere"}, "MAIL_URL"), ({"MAIL_URL": "smtp:"}, "MAIL_URL"), ({"DEMO": "perhaps"}, "DEMO"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"), ({"VIPPS_ENVIRONMENT": "test"}, "VIPPS_CLIENT_ID"),
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
    with pytest.raises(SettingsError, match=named):
        load(environ)


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n"])
def test_fallback_keys_are_separated_by_spaces_or_commas(between: str) -> None:
    older = ["o" * 40, "p" * 40]
    settings = load({**REAL, "SECRET_KEY_FALLBACKS": between.join(older)})
    assert settings.signing_keys == [*older, REAL["SECRET_KEY"]]
    assert not [key for key in older if key in repr(settings)]
    hook = load({**REAL, **WITH_HOOK, "VIPPS_WEBHOOK_TOKEN_FALLBACKS": between.join(older)})
    assert hook.other_webhook_tokens == older
    assert not [token for token in older if token in repr(hook)]


def test_a_misspelt_variable_gets_a_suggestion() -> None:
    with pytest.raises(SettingsError, match="VIPPS_CLIENTID: there is no such setting; did you mean VIPPS_CLIENT_ID"):
        load({"VIPPS_CLIENTID": "x"})


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"VIPPS_ENVIRONMENT": "test"})
    assert {line.split(":")[0] for line in str(caught.value).splitlines()} >= {
        "VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET", "SECRET_KEY",
    }  # fmt: skip


def test_secrets_are_not_in_the_repr() -> None:
    shown = repr(load(REAL)) + str(load(REAL))
    assert "real-secret" not in shown
    assert "kkkk" not in shown


@pytest.mark.parametrize(
    ("market", "brand"), [("NO", "Vipps"), ("SE", "Vipps"), ("DK", "MobilePay"), ("FI", "MobilePay")]
)
def test_the_brand_follows_the_market_unless_set(market: str, brand: str) -> None:
    assert load({**REAL, "VIPPS_MARKET": market}).brand == brand
    assert load({**REAL, "VIPPS_MARKET": market, "VIPPS_BRAND": "vipps"}).brand == "Vipps"


def test_workers_that_start_together_get_the_same_generated_key(tmp_path: Path) -> None:
    import threading

    gate, keys = threading.Barrier(8), []

    def start() -> None:
        gate.wait()
        keys.append(kept_secret(tmp_path / "instance" / "key"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 48
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["key"]
    assert (tmp_path / "instance" / "key").stat().st_mode & 0o077 == 0


def test_the_example_file_names_every_variable_with_its_default() -> None:
    written = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(written) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = getattr(field.default, "get_secret_value", lambda field=field: field.default)()
        assert written[name.upper()] == ("" if default is None else str(default)), name


@pytest.mark.parametrize("target", SERVED)
def test_the_server_does_not_start_with_invalid_settings(target: str) -> None:
    code = f"import wsgi; wsgi.{target}"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"VIPPS_ENVIRONMENT": "test"}, cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 3
    assert "VIPPS_CLIENT_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr

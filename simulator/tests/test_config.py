"""The settings: useful defaults, and an error at once for values that cannot work."""

from typing import Any

import pytest

from .. import MerchantConfig, SimulatorConfig
from ..merchants import OWN_MERCHANTS
from ..testing import BASIC_MERCHANT


def test_three_settings_are_enough() -> None:
    config = SimulatorConfig(public_url="https://sim.example", database_url="sqlite://", secret_key="x")
    assert config.secure
    assert config.merchants == ()


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8001/", "localhost:8001", "ftp://localhost", "http://localhost/path/", "http://localhost/a?b"],
)
def test_public_url_must_be_an_origin(url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        SimulatorConfig(public_url=url, database_url="sqlite://", secret_key="x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plan", "gold"), ("auth_method", "none"), ("brand", "x"), ("redirect_uris", ("http://localhost/#top",)),
        ("account_url", "javascript:alert(1)"),
    ],
)  # fmt: skip
def test_merchant_is_checked(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        MerchantConfig(**{**vars(BASIC_MERCHANT), field: value})


def test_merchant_survives_the_way_through_json() -> None:
    assert MerchantConfig.from_json(BASIC_MERCHANT.to_json()) == BASIC_MERCHANT


def test_own_merchants_differ_in_method_plan_and_brand() -> None:
    first, second = OWN_MERCHANTS
    assert first.msn != second.msn
    assert first.auth_method != second.auth_method
    assert first.plan != second.plan
    assert set("+/=") <= set(first.client_secret)

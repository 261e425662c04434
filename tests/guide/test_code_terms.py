"""Which parts of a sentence are marked as code."""

import pytest

from app.guide.code_terms import breakable, mark_code


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("The callback comes with error=access_denied.", ["error=access_denied"]),
        ("It is recent and has not expired (exp, iat), and belongs to this login (nonce)", ["exp", "iat", "nonce"]),
        ("The nonce is of another login, and expired subjects exist", []),
        ("Compare VIPPS_CLIENT_ID; `flask doctor` tries it.", ["VIPPS_CLIENT_ID", "flask doctor"]),
        ("The header says alg: none.", ["alg: none"]),
        ("Register {PUBLIC_URL}/login/vipps/callback exactly.", ["{PUBLIC_URL}/login/vipps/callback"]),
        ("Its issuer is http://localhost:8001/access/.", ["http://localhost:8001/access/"]),
        ("Send response_type=code; delegatedConsents is not there", ["response_type=code", "delegatedConsents"]),
    ],
)
def test_names_are_code_and_words_are_not(text: str, marked: list[str]) -> None:
    found = mark_code(text).replace("<wbr>", "")
    assert [each.partition("</code>")[0] for each in found.split("<code>")[1:]] == marked
    assert found.striptags() == text.replace("`", "")


def test_other_text_is_escaped() -> None:
    assert mark_code("<b> & `<i>`") == "&lt;b&gt; &amp; <code>&lt;i&gt;</code>"


def test_a_long_name_may_break_behind_its_separators_but_not_before_a_suffix() -> None:
    assert breakable("tests/a_b.py::test_c") == "tests/<wbr>a_<wbr>b.py::<wbr>test_<wbr>c"
    assert breakable("host:587?from=shop@example.com") == "host:<wbr>587?<wbr>from=shop@<wbr>example.com"

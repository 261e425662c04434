"""Names as people write them: same person, another person, or unknown."""

import pytest

from app.vipps.names import Agreement, compare

AGREES, CONTRADICTS, UNKNOWN = Agreement.AGREES, Agreement.CONTRADICTS, Agreement.UNKNOWN

# Names in the shop, by the result of the comparison with Kari Sandvik Nordfjell.
KARI = {
    AGREES: [
        "Kari Sandvik Nordfjell", "Kari Nordfjell", "kari nordfjell", "NORDFJELL, KARI", "Nordfjell Kari Sandvik",
        "Kari S. Nordfjell", "Kari-Sandvik Nordfjell", "  Kari   Nordfjell ", "Kari Anne Sandvik Nordfjell",
    ],
    CONTRADICTS: ["Kari Hansen", "Per Nordfjell", "Kari Berg Nordfjell", "Ola Tangen", "Ola"],
    UNKNOWN: ["", " ", "Kari", "Nordfjell", "K. Nordfjell", "Kari Sandvik"],
}  # fmt: skip


@pytest.mark.parametrize("result", KARI)
def test_how_names_compare_with_kari(result: Agreement) -> None:
    for known in KARI[result]:
        assert compare(known, "Kari Sandvik", "Nordfjell") is result, known


@pytest.mark.parametrize(
    ("whole", "result"), [("NORDFJELL, Kari", AGREES), ("Kari Berg", CONTRADICTS), ("Kari", UNKNOWN), ("", UNKNOWN)]
)
def test_the_whole_name_is_compared_where_its_parts_are_missing(whole: str, result: Agreement) -> None:
    assert compare("Kari Nordfjell", "", "", whole) is result


@pytest.mark.parametrize(
    ("known", "given_name", "family_name", "result"),
    [
        # Letters that another keyboard lacks do not matter.
        ("Torbjorn Aasgaard", "Torbjørn", "Åsgård", AGREES),
        ("Torbjoern Asgard", "Torbjørn", "Åsgård", AGREES),
        ("Soren Kjaer Nygard", "Søren Kjær", "Nygård", AGREES),
        ("Anne Marja Oddajohka Eira", "Ánne Márjá", "Ođđajohka Eira", AGREES),
        ("Makela-Hamalainen, Paivi", "Päivi", "Mäkelä-Hämäläinen", AGREES),
        ("Åsa Björklöv", "A\u030asa", "Bjo\u0308rklo\u0308v", AGREES),
        ("Kari Olsen Nordfjell", "Kari", "Olsen Nordfjell", AGREES),
        ("Kari Nordfjell", "Kari", "Olsen Nordfjell", AGREES),
        # One word is not a given and a family name.
        ("Kari Nordfjell", "", "", UNKNOWN),
        ("", "", "", UNKNOWN),
        ("Kari", "Kari", "", UNKNOWN),
        ("Kari", "Kari", "Kari", UNKNOWN),
        ("Nordfjell Kari", "Kari", "Kari", UNKNOWN),
        ("OLE OLE", "Ole", "Ole", AGREES),
        ("Ole Ole", "Ole Nils", "Ole", UNKNOWN),
        ("Kari Sandvik Nordfjell", "", "Sandvik Nordfjell", UNKNOWN),
        ("Kari Sandvik Nordfjell", "Ø.", "Sandvik Nordfjell", UNKNOWN),
        ("Ola Sandvik Berg", "Ola Sandvik", "", UNKNOWN),
        ("Annika Lien", "Ann", "Lie", CONTRADICTS),
    ],
)
def test_names_in_parts(known: str, given_name: str, family_name: str, result: Agreement) -> None:
    assert compare(known, given_name, family_name) is result

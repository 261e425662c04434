"""Names as people write them: who may be the same person, and who is not."""

import pytest

from app.vipps.names import Agreement, compare, words_of

AGREES, CONTRADICTS, UNKNOWN = Agreement.AGREES, Agreement.CONTRADICTS, Agreement.UNKNOWN

KARI = ("Kari Sandvik", "Nordfjell")


@pytest.mark.parametrize(
    "known",
    [
        "Kari Sandvik Nordfjell",
        "Kari Nordfjell",
        "kari nordfjell",
        "NORDFJELL, KARI",
        "Nordfjell Kari Sandvik",
        "Kari S. Nordfjell",
        "Kari-Sandvik Nordfjell",
        "  Kari   Nordfjell ",
        "Kari Anne Sandvik Nordfjell",
    ],
)
def test_these_are_kari(known: str) -> None:
    assert compare(known, *KARI) is AGREES


@pytest.mark.parametrize("known", ["Kari Hansen", "Per Nordfjell", "Kari Berg Nordfjell", "Ola Tangen", "Ola"])
def test_these_are_other_people(known: str) -> None:
    assert compare(known, *KARI) is CONTRADICTS


@pytest.mark.parametrize("known", ["", " ", "Kari", "Nordfjell", "K. Nordfjell", "Kari Sandvik"])
def test_these_say_too_little(known: str) -> None:
    assert compare(known, *KARI) is UNKNOWN


@pytest.mark.parametrize(
    ("whole", "result"), [("NORDFJELL, Kari", AGREES), ("Kari Berg", CONTRADICTS), ("Kari", UNKNOWN), ("", UNKNOWN)]
)
def test_the_whole_name_is_compared_where_its_parts_are_missing(whole: str, result: Agreement) -> None:
    assert compare("Kari Nordfjell", "", "", whole) is result


@pytest.mark.parametrize(
    ("known", "given_name", "family_name"),
    [
        ("Torbjorn Aasgaard", "Torbjørn", "Åsgård"),
        ("Torbjoern Asgard", "Torbjørn", "Åsgård"),
        ("Soren Kjaer Nygard", "Søren Kjær", "Nygård"),
        ("Anne Marja Oddajohka Eira", "Ánne Márjá", "Ođđajohka Eira"),
        ("Makela-Hamalainen, Paivi", "Päivi", "Mäkelä-Hämäläinen"),
        ("Åsa Björklöv", "A\u030asa", "Bjo\u0308rklo\u0308v"),
        ("Kari Olsen Nordfjell", "Kari", "Olsen Nordfjell"),
        ("Kari Nordfjell", "Kari", "Olsen Nordfjell"),
    ],
)
def test_letters_that_another_keyboard_lacks_do_not_matter(known: str, given_name: str, family_name: str) -> None:
    assert compare(known, given_name, family_name) is AGREES


@pytest.mark.parametrize(
    ("known", "given_name", "family_name", "result"),
    [
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
    ],
)
def test_one_word_is_not_a_given_and_a_family_name(
    known: str, given_name: str, family_name: str, result: Agreement
) -> None:
    assert compare(known, given_name, family_name) is result


def test_words_are_whole_words() -> None:
    assert words_of("Ann Hansen-Lie") == ["ann", "hansen", "lie"]
    assert compare("Annika Lien", "Ann", "Lie") is CONTRADICTS

"""Names as people write them: who may be the same person, and who is not."""

import pytest

from app.vipps.names import agree, words_of

KARI = ("Kari Sandvik", "Nordfjell")


@pytest.mark.parametrize(
    "known",
    [
        "Kari Sandvik Nordfjell", "Kari Nordfjell", "kari nordfjell", "NORDFJELL, KARI", "Nordfjell Kari Sandvik",
        "Kari S. Nordfjell", "Kari-Sandvik Nordfjell", "  Kari   Nordfjell ", "Kari Anne Sandvik Nordfjell",
    ],
)  # fmt: skip
def test_these_are_kari(known: str) -> None:
    assert agree(known, *KARI)


@pytest.mark.parametrize(
    "known",
    [
        "", "Kari", "Nordfjell", "K. Nordfjell", "Kari Sandvik", "Kari Hansen", "Per Nordfjell",
        "Kari Berg Nordfjell", "Ola Tangen",
    ],
)  # fmt: skip
def test_these_names_do_not_agree_or_are_unknown(known: str) -> None:
    assert not agree(known, *KARI)


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
    assert agree(known, given_name, family_name)


def test_a_person_without_a_name_agrees_with_no_account() -> None:
    assert not agree("Kari Nordfjell", "", "")
    assert not agree("", "", "")
    assert not agree("Kari", "Kari", "")


@pytest.mark.parametrize("known", ["Kari", "Nordfjell Kari", "Anna Kari"])
def test_one_word_is_not_a_given_and_a_family_name(known: str) -> None:
    assert not agree(known, "Kari", "Kari")
    assert not agree("Kari", "Kari Anna", "Kari")


def test_a_doubled_name_agrees_with_the_whole_name_only() -> None:
    assert agree("OLE OLE", "Ole", "Ole")
    assert not agree("Ole Ole", "Ole Nils", "Ole")


def test_words_are_whole_words() -> None:
    assert words_of("Ann Hansen-Lie") == {"ann", "hansen", "lie"}
    assert not agree("Annika Lien", "Ann", "Lie")

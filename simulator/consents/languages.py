"""The five languages of the consent screens, and what the screens say by themselves in each.

The person's phone decides on the language, never the merchant (Vipps MobilePay Login FAQ). The captions of the four
consents are documented in Norwegian and English; those in Danish, Finnish and Swedish are this simulator's own.
"""

from collections.abc import Mapping

LANGUAGES = {"no": "Norsk", "en": "English", "da": "Dansk", "fi": "Suomi", "sv": "Svenska"}
"""Each in its own words. The result names them in capitals: `NO`, `EN`, `DA`, `FI`, `SV`."""

_SAME_AS = {"nb": "no", "nn": "no"}

CAPTIONS: dict[str, dict[str, str]] = {
    "email": {
        "no": "Få tilbud på E-post",
        "en": "Receive offers via email",
        "da": "Modtag tilbud på e-mail",
        "fi": "Vastaanota tarjouksia sähköpostitse",
        "sv": "Få erbjudanden via e-post",
    },
    "sms": {
        "no": "Få tilbud på SMS",
        "en": "Receive offers via SMS",
        "da": "Modtag tilbud på SMS",
        "fi": "Vastaanota tarjouksia tekstiviestillä",
        "sv": "Få erbjudanden via SMS",
    },
    "digital": {
        "no": "Jeg vil motta digital markedsføring",
        "en": "I would like to receive digital marketing",
        "da": "Jeg vil gerne modtage digital markedsføring",
        "fi": "Haluan vastaanottaa digitaalista markkinointia",
        "sv": "Jag vill ta emot digital marknadsföring",
    },
    "personal": {
        "no": "Få tilpassede tilbud",
        "en": "Get customized offers",
        "da": "Få tilpassede tilbud",
        "fi": "Saa räätälöityjä tarjouksia",
        "sv": "Få anpassade erbjudanden",
    },
}
"""The four consents that exist, with their captions."""

FIXED: dict[str, dict[str, str]] = {
    "confirm": {"no": "Bekreft", "en": "Confirm", "da": "Bekræft", "fi": "Vahvista", "sv": "Bekräfta"},
    "next": {"no": "Neste", "en": "Next", "da": "Næste", "fi": "Seuraava", "sv": "Nästa"},
    "back": {"no": "Tilbake", "en": "Back", "da": "Tilbage", "fi": "Takaisin", "sv": "Tillbaka"},
    "cancel": {"no": "Avbryt", "en": "Cancel", "da": "Annuller", "fi": "Peruuta", "sv": "Avbryt"},
    "required": {"no": "Må krysses av", "en": "Required", "da": "Påkrævet", "fi": "Pakollinen", "sv": "Obligatorisk"},
    "optional": {"no": "Valgfritt", "en": "Optional", "da": "Valgfrit", "fi": "Valinnainen", "sv": "Valfritt"},
    "terms": {
        "no": "Les vilkårene",
        "en": "Read the terms",
        "da": "Læs vilkårene",
        "fi": "Lue ehdot",
        "sv": "Läs villkoren",
    },
    "privacy": {
        "no": "Les personvernerklæringen",
        "en": "Read the privacy statement",
        "da": "Læs privatlivspolitikken",
        "fi": "Lue tietosuojaseloste",
        "sv": "Läs integritetspolicyn",
    },
    "problem": {
        "no": "Kryss av for det som kreves, eller avbryt innloggingen.",
        "en": "Tick what is required, or cancel the login.",
        "da": "Sæt kryds ved det, der er påkrævet, eller annuller login.",
        "fi": "Valitse pakolliset kohdat tai peruuta kirjautuminen.",
        "sv": "Kryssa i det som krävs, eller avbryt inloggningen.",
    },
}
"""What Vipps writes on every such screen, whatever the merchant has configured."""


def match_language(tag: str) -> str | None:
    """Return the language of a tag such as `nb-NO`, if there are screens in it."""
    primary = tag.split("-")[0].lower()
    primary = _SAME_AS.get(primary, primary)
    return primary if primary in LANGUAGES else None


def fixed_texts(language: str) -> dict[str, str]:
    """Return the fixed texts of one language by name."""
    return {name: texts[language] for name, texts in FIXED.items()}


def pick_text(texts: Mapping[str, str], language: str) -> str:
    """Return a text in a language; what is not translated is said in English, else in any language it has."""
    return texts.get(language) or texts.get("en") or next((text for text in texts.values() if text), "")

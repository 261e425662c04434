"""The five languages of the consent screens, and the fixed texts in each.

The person's phone decides the language, never the merchant (Vipps MobilePay Login FAQ). The captions of the four
consents are documented in English, Norwegian, Danish and Finnish; those here in Finnish and Swedish are this
simulator's own. They change, so a merchant decides by `id` and keeps the caption as it was shown.
"""

from collections.abc import Mapping

LANGUAGES = {"no": "Norsk", "en": "English", "da": "Dansk", "fi": "Suomi", "sv": "Svenska"}
"""Each name in its own language. The result has the codes in capitals: `NO`, `EN`, `DA`, `FI`, `SV`."""

_SAME_AS = {"nb": "no", "nn": "no"}

CAPTIONS: dict[str, dict[str, str]] = {
    "email": {"no": "E-post", "en": "Email", "da": "E-mail", "fi": "Sähköposti", "sv": "E-post"},
    "sms": {"no": "SMS", "en": "SMS", "da": "SMS", "fi": "Tekstiviesti", "sv": "SMS"},
    "digital": {
        "no": "Jeg vil motta digital markedsføring",
        "en": "I'd like to receive digital marketing",
        "da": "Jeg vil gerne modtage digital markedsføring",
        "fi": "Haluan vastaanottaa digitaalista markkinointia",
        "sv": "Jag vill ta emot digital marknadsföring",
    },
    "personal": {
        "no": "Gi meg tilpassede tilbud",
        "en": "Give me customised offers",
        "da": "Giv mig tilpassede tilbud",
        "fi": "Haluan räätälöityjä tarjouksia",
        "sv": "Ge mig anpassade erbjudanden",
    },
}
"""The four consents that exist, with their captions (Login API guide: marketing consents, read in November 2026)."""

OLDER_CAPTIONS = {
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
"""The captions before 2026, for a configuration with `"captions": "older"`."""

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
"""The fixed texts of every consent screen, which the merchant cannot change."""


def captions_of(config: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Return the captions for a configuration of the marketing consents: the current or the older ones."""
    return OLDER_CAPTIONS if config.get("captions") == "older" else CAPTIONS


def match_language(tag: str) -> str | None:
    """Return the screen language for a tag such as `nb-NO`, or None."""
    primary = tag.split("-")[0].lower()
    primary = _SAME_AS.get(primary, primary)
    return primary if primary in LANGUAGES else None


def fixed_texts(language: str) -> dict[str, str]:
    """Return the fixed texts of one language by name."""
    return {name: texts[language] for name, texts in FIXED.items()}


def pick_text(texts: Mapping[str, str], language: str) -> str:
    """Return a text in a language; without a translation in English, else in any language that it has."""
    return texts.get(language) or texts.get("en") or next((text for text in texts.values() if text), "")

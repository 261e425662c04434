"""Default consent screens for merchants that have not configured any: one of each kind, in all five languages.

The flow shows a feature that `customFlow` has and `delegatedConsents` lacks: a separate screen for terms that must be
accepted, before the marketing consents. These keep the ids of the predefined consents, as a migrating merchant should
do, so earlier answers still belong to the same question.
"""

from typing import Any

DEFAULT_CONSENTS: dict[str, Any] = {
    "version": 1,
    "heading": {
        "no": "Hold kontakten",
        "en": "Stay in touch",
        "da": "Hold kontakten",
        "fi": "Pidetään yhteyttä",
        "sv": "Håll kontakten",
    },
    "text": {
        "no": "{merchant} vil gjerne sende deg tilbud i sine digitale kanaler.",
        "en": "{merchant} would like to send you offers through its digital channels.",
        "da": "{merchant} vil gerne sende dig tilbud i sine digitale kanaler.",
        "fi": "{merchant} haluaisi lähettää sinulle tarjouksia digitaalisissa kanavissaan.",
        "sv": "{merchant} vill gärna skicka erbjudanden till dig i sina digitala kanaler.",
    },
    "termsDescription": {
        "no": "Når du bekrefter, godtar du vilkårene til {merchant}, som er ansvarlig for samtykkene."
        " Du kan når som helst trekke dem tilbake på nettstedet.",
        "en": "By confirming you accept the terms of {merchant}, which is responsible for handling the consents."
        " You can withdraw them at any time on its website.",
        "da": "Når du bekræfter, accepterer du vilkårene hos {merchant}, som er ansvarlig for samtykkerne."
        " Du kan når som helst trække dem tilbage på webstedet.",
        "fi": "Vahvistamalla hyväksyt yrityksen {merchant} ehdot. Yritys vastaa suostumusten käsittelystä."
        " Voit peruuttaa ne milloin tahansa sen verkkosivustolla.",
        "sv": "När du bekräftar godkänner du villkoren hos {merchant}, som ansvarar för samtyckena."
        " Du kan när som helst återkalla dem på webbplatsen.",
    },
    "consents": [
        {"id": "email", "required": False},
        {"id": "sms", "required": False},
        {"id": "digital", "required": False},
        {"id": "personal", "required": False},
    ],
}

_PRIVACY_STATEMENT = {
    "title": {
        "no": "Personvernerklæring",
        "en": "Privacy statement",
        "da": "Privatlivspolitik",
        "fi": "Tietosuojaseloste",
        "sv": "Integritetspolicy",
    },
    "url": "{privacy_url}",
}

DEFAULT_FLOW: dict[str, Any] = {
    "version": 1,
    "screens": [
        {
            "title": {"no": "Vilkår", "en": "Terms", "da": "Vilkår", "fi": "Ehdot", "sv": "Villkor"},
            "description": {
                "no": "For å få en konto hos {merchant} må du godta vilkårene.",
                "en": "To have an account at {merchant} you have to accept its terms.",
                "da": "For at få en konto hos {merchant} skal du acceptere vilkårene.",
                "fi": "Tilin luominen palveluun {merchant} edellyttää ehtojen hyväksymistä.",
                "sv": "För att få ett konto hos {merchant} måste du godkänna villkoren.",
            },
            "links": [
                {
                    "title": {
                        "no": "Les vilkårene",
                        "en": "Read the terms",
                        "da": "Læs vilkårene",
                        "fi": "Lue ehdot",
                        "sv": "Läs villkoren",
                    },
                    "url": "{terms_url}",
                },
                _PRIVACY_STATEMENT,
            ],
            "elements": [
                {
                    "id": "cf_accept_terms",
                    "title": {
                        "no": "Jeg godtar vilkårene",
                        "en": "I accept the terms",
                        "da": "Jeg accepterer vilkårene",
                        "fi": "Hyväksyn ehdot",
                        "sv": "Jag godkänner villkoren",
                    },
                    "required": True,
                }
            ],
        },
        {
            "title": {
                "no": "Nyheter og tilbud",
                "en": "News and offers",
                "da": "Nyheder og tilbud",
                "fi": "Uutisia ja tarjouksia",
                "sv": "Nyheter och erbjudanden",
            },
            "description": {
                "no": "Du bestemmer selv hva {merchant} får sende deg, og kan ombestemme deg på nettstedet.",
                "en": "You decide what {merchant} may send you, and can change your mind on its website.",
                "da": "Du bestemmer selv, hvad {merchant} må sende dig, og kan ombestemme dig på webstedet.",
                "fi": "Päätät itse, mitä {merchant} saa lähettää sinulle, ja voit muuttaa mieltäsi verkkosivustolla.",
                "sv": "Du bestämmer vad {merchant} får skicka till dig och kan ändra dig på webbplatsen.",
            },
            "links": [_PRIVACY_STATEMENT],
            "elements": [
                {
                    "id": "email",
                    "title": {
                        "no": "Send meg nyheter på e-post",
                        "en": "Send me news by email",
                        "da": "Send mig nyheder på e-mail",
                        "fi": "Lähetä minulle uutisia sähköpostitse",
                        "sv": "Skicka nyheter till mig via e-post",
                    },
                    "required": False,
                    "readMore": {
                        "title": {
                            "no": "Hvor ofte?",
                            "en": "How often?",
                            "da": "Hvor ofte?",
                            "fi": "Kuinka usein?",
                            "sv": "Hur ofta?",
                        },
                        "description": {
                            "no": "To ganger i måneden. Hver e-post har en lenke som stopper dem.",
                            "en": "Twice a month. Each email has a link that stops them.",
                            "da": "To gange om måneden. Hver e-mail har et link, der stopper dem.",
                            "fi": "Kaksi kertaa kuussa. Jokaisessa viestissä on linkki, jolla voit lopettaa ne.",
                            "sv": "Två gånger i månaden. Varje e-post har en länk som stoppar dem.",
                        },
                    },
                },
                {
                    "id": "sms",
                    "title": {
                        "no": "Send meg tilbud på SMS",
                        "en": "Send me offers by SMS",
                        "da": "Send mig tilbud på SMS",
                        "fi": "Lähetä minulle tarjouksia tekstiviestillä",
                        "sv": "Skicka erbjudanden till mig via SMS",
                    },
                    "required": False,
                },
                {
                    "id": "personal",
                    "title": {
                        "no": "Velg tilbud ut fra det jeg har kjøpt",
                        "en": "Choose offers by what I have bought",
                        "da": "Vælg tilbud ud fra det, jeg har købt",
                        "fi": "Valitse tarjoukset ostosteni perusteella",
                        "sv": "Välj erbjudanden efter vad jag har köpt",
                    },
                    "required": False,
                },
            ],
        },
    ],
}

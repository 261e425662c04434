"""The login scenarios of the demo: which test person to choose, what the shop knows, and what happens.

Each scenario names a test person of the simulator and the verdict of `app.vipps.matching`, which follows from the
sample customer with the same email address or phone number (`samples.customers`). A test logs in with every person and
compares the verdict. The texts may use `%(brand)s`.
"""

from dataclasses import dataclass, replace
from typing import Any

from babel.support import Translations

from app.i18n import LANGUAGES
from app.settings import ROOT, Settings
from app.vipps.matching import Verdict
from app.vipps.purposes import LoginPurpose

START_HERE = "kari"
PERSON = "person"  # the parameter that names a test person in the address of a login


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools know for "translate later"
    """Mark a text for translation."""
    return message


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One login. `person` is the simulator's key of the test person, and `name` the name that its pages show.

    `account` is the email address for a password login: as proof, or to link from the account page. A login that Vipps
    itself refuses has no verdict.
    """

    person: str
    name: str
    known: str
    outcome: str
    verdict: Verdict | None
    purpose: LoginPurpose = LoginPurpose.LOG_IN
    account: str = ""
    needs_password: bool = False

    @property
    def first_name(self) -> str:
        """Return the name for a button."""
        return self.name.split()[0].split("-")[0]

    @property
    def start(self) -> str:
        """Return the address where the login starts, with this person proposed; empty if steps come before it."""
        if self.verdict is Verdict.KNOWN_SUBJECT or self.purpose not in (LoginPurpose.LOG_IN, LoginPurpose.MEMBERS):
            return ""
        members = "members=1&" if self.purpose is LoginPurpose.MEMBERS else ""
        return f"/login/vipps?{members}{PERSON}={self.person}"


@dataclass(frozen=True)
class ScenarioGroup:
    """Scenarios with the same kind of outcome."""

    title: str
    text: str
    scenarios: tuple[Scenario, ...]


SCENARIOS = (
    Scenario(
        person="kari",
        name="Kari Sandvik Nordfjell",
        known=N_("The shop already has her email address and her phone number."),
        outcome=N_("She is logged in to her account, and %(brand)s is now linked to it."),
        verdict=Verdict.LINK_AND_LOG_IN,
    ),
    Scenario(
        person="paivi",
        name="Päivi Mäkelä-Hämäläinen",
        known=N_(
            "The shop has her email address and number too, but wrote her name as “Makela-Hamalainen, Paivi Maria”."
        ),
        outcome=N_(
            "The shop ignores accents, middle names and the order of the names. She is logged in to her account."
        ),
        verdict=Verdict.LINK_AND_LOG_IN,
    ),
    Scenario(
        person="amalie",
        name="Amalie Grønn",
        known=N_("Her phone number used to be Sindre’s."),
        outcome=N_("The names differ, so she does not get into his account. The shop creates a new account for her."),
        verdict=Verdict.CREATE,
    ),
    Scenario(
        person="sindre",
        name="Sindre Vik",
        known=N_("The shop has his email address and his phone number."),
        outcome=N_("He is logged in to his account, even after he gets another number."),
        verdict=Verdict.LINK_AND_LOG_IN,
    ),
    Scenario(
        person="jonas",
        name="Jonas Moen",
        known=N_("An account has his email address, but %(brand)s has not verified that it is his."),
        outcome=N_("An unverified address proves nothing. The shop creates a new account for him."),
        verdict=Verdict.CREATE,
    ),
    Scenario(
        person="gunnar",
        name="Gunnar Lie",
        known=N_("The shop does not know him, and he has no email address."),
        outcome=N_("The shop creates an account for him without an email address."),
        verdict=Verdict.CREATE,
    ),
    Scenario(
        person="ola",
        name="Ola Tangen",
        known=N_("The shop has his phone number, but with another email address."),
        outcome=N_("He proves that the account is his: with its password, or with a link sent by email."),
        verdict=Verdict.PROVE_OWNERSHIP,
        account="ola.at.the.cabin@example.com",
    ),
    Scenario(
        person="malik",
        name="Malik Kleist",
        known=N_("The shop has his email address, but with another phone number."),
        outcome=N_("He proves that the account is his: with its password, or with a link sent by email."),
        verdict=Verdict.PROVE_OWNERSHIP,
        account="malik.kleist@example.com",
    ),
    Scenario(
        person="anne",
        name="Ánne Márjá Ođđajohka Eira",
        known=N_("Another person registered her email address and never confirmed it."),
        outcome=N_("She takes over the account with a link sent by email. The other person’s password stops working."),
        verdict=Verdict.PROVE_OWNERSHIP,
        account="anne.marja@example.com",
    ),
    Scenario(
        person="soren",
        name="Søren Kjær Nygård",
        known=N_("The shop has his email address, but with another name."),
        outcome=N_("Email addresses change owners, so only the account’s password counts as proof."),
        verdict=Verdict.PROVE_OWNERSHIP,
        account="soren.nygard@example.com",
    ),
    Scenario(
        person="torbjorn",
        name="Torbjørn Åsgård",
        known=N_("He has two accounts: one with his email address, and another with his phone number."),
        outcome=N_(
            "The shop does not guess which account is his. He logs in with a password and connects %(brand)s himself."
        ),
        verdict=Verdict.SEVERAL_ACCOUNTS,
        account="torbjorn@example.com",
    ),
    Scenario(
        person="asa",
        name="Åsa Björklöv",
        known=N_("Her account is connected to another %(brand)s user."),
        outcome=N_("She logs in with her password, disconnects the other %(brand)s user, and connects her own."),
        verdict=Verdict.OTHER_SUBJECT,
        account="asa.bjorklov@example.com",
    ),
    Scenario(
        person="halvor",
        name="Halvor Strand",
        known=N_("The shop has blocked his account."),
        outcome=N_("The shop tells him that his account is blocked, and whom to contact."),
        verdict=Verdict.ACCOUNT_BLOCKED,
    ),
    Scenario(
        person="fredrikke",
        name="Fredrikke-Alexandrine Konstanse",
        known=N_("The shop does not know her, and she opens an offer for members."),
        outcome=N_("The shop creates no account by itself, but asks her to create an account first."),
        verdict=Verdict.MEMBERS_ONLY,
        purpose=LoginPurpose.MEMBERS,
    ),
    Scenario(
        person="emma",
        name="Emma Bakken",
        known=N_("She is under 15."),
        outcome=N_("%(brand)s turns her away. The shop learns only that the login failed."),
        verdict=None,
    ),
    Scenario(
        person="fredrikke",
        name="Fredrikke-Alexandrine Konstanse",
        known=N_("Log in with the password as Ingrid, and connect %(brand)s as Fredrikke."),
        outcome=N_(
            "Ingrid asked for the connection, so the shop links Fredrikke to her account although the names differ."
        ),
        verdict=Verdict.LINK,
        purpose=LoginPurpose.CONNECT,
        account="ingrid.solheim@example.com",
        needs_password=True,
    ),
    Scenario(
        person="kari",
        name="Kari Sandvik Nordfjell",
        known=N_("Log in with %(brand)s as Kari once. Then log in with the password as Eivind, and connect Kari."),
        outcome=N_("Kari is already linked to another account. Neither account changes."),
        verdict=Verdict.LINKED_ELSEWHERE,
        purpose=LoginPurpose.CONNECT,
        account="eivind.dahl@example.com",
        needs_password=True,
    ),
    Scenario(
        person="ola",
        name="Ola Tangen",
        known=N_("Log in with %(brand)s as Kari, press “Ask %(brand)s again” on her page, and choose Ola this time."),
        outcome=N_("He is not the %(brand)s user linked to her account, so nothing changes."),
        verdict=Verdict.OTHER_PERSON,
        purpose=LoginPurpose.REFRESH,
    ),
    Scenario(
        person="kari",
        name="Kari Sandvik Nordfjell",
        known=N_("Change Kari’s details in the simulator: a new address or a new name. Then log in again."),
        outcome=N_("She is logged in, and chooses which details the shop keeps."),
        verdict=Verdict.KNOWN_SUBJECT,
    ),
    Scenario(
        person="kari",
        name="Kari Sandvik Nordfjell",
        known=N_("Log in with %(brand)s as Kari, and disconnect %(brand)s on My page."),
        outcome=N_(
            "First she confirms in the app. If this shop is on the basic plan in the simulator, the shop refuses the "
            "login, because %(brand)s sends no proof that she confirmed."
        ),
        verdict=Verdict.KNOWN_SUBJECT,
        purpose=LoginPurpose.CONFIRM,
    ),
)

# What is different in a shop without passwords, by person.
WITHOUT_PASSWORDS: dict[str, dict[str, Any]] = {
    "ola": {"outcome": N_("He proves that the account is his with a link sent by email."), "account": ""},
    "malik": {"outcome": N_("He proves that the account is his with a link sent by email."), "account": ""},
    "anne": {"outcome": N_("She takes over the account with a link sent by email."), "account": ""},
    "soren": {
        "outcome": N_(
            "Email addresses change owners, so he does not get that account. The shop creates a new account for him."
        ),
        "verdict": Verdict.CREATE,
        "account": "",
    },
    "torbjorn": {
        "outcome": N_("The shop does not guess which account is his. It asks him to write to the shop."),
        "account": "",
    },
    "asa": {"outcome": N_("The shop asks her to write to the shop. The account stays as it is."), "account": ""},
    "fredrikke": {"outcome": N_("The shop creates no account, and says that the offer is for members.")},
}


def groups(*, passwords: bool) -> tuple[ScenarioGroup, ...]:
    """Return the scenarios of a shop with or without passwords, grouped by how they end."""
    scenarios: tuple[Scenario, ...] = SCENARIOS
    if not passwords:
        scenarios = tuple(
            replace(each, **(WITHOUT_PASSWORDS.get(each.person, {}) if each.start else {}))
            for each in SCENARIOS
            if not each.needs_password
        )
    logged_in = (Verdict.LINK_AND_LOG_IN, Verdict.CREATE)
    proved = (Verdict.PROVE_OWNERSHIP,)
    return (
        ScenarioGroup(
            N_("Logged in"),
            N_("These people are logged in right away."),
            tuple(each for each in scenarios if each.start and each.verdict in logged_in),
        ),
        ScenarioGroup(
            N_("Proof needed"),
            N_("The shop logs these people in only after they have proved that an account is theirs."),
            tuple(each for each in scenarios if each.start and each.verdict in proved),
        ),
        ScenarioGroup(
            N_("Turned away"),
            N_("These people are not logged in. A page tells them why, and what they can do."),
            tuple(each for each in scenarios if each.start and each.verdict not in (*logged_in, *proved)),
        ),
        ScenarioGroup(
            N_("Linking from your account"),
            N_("These scenarios have a step before the login."),
            tuple(each for each in scenarios if not each.start),
        ),
    )


def person_groups(settings: Settings) -> list[dict[str, Any]]:
    """Return what will happen to which test person, for the simulator (`simulator.person_groups`)."""
    catalogs = {code: Translations.load(str(ROOT / "demo" / "translations"), [code]) for code in LANGUAGES}
    for code, catalog in catalogs.items():
        catalog.add_fallback(Translations.load(str(ROOT / "app" / "translations"), [code]))

    def in_languages(*texts: str) -> dict[str, str]:
        names = {"brand": settings.brand}
        return {code: " ".join(each.gettext(text) % names for text in texts) for code, each in catalogs.items()}

    shown = [group for group in groups(passwords=settings.passwords) if all(each.start for each in group.scenarios)]
    return [
        {
            "title": in_languages(group.title),
            "text": in_languages(group.text),
            "persons": {each.person: in_languages(each.known, each.outcome) for each in group.scenarios},
            **({"start_here": START_HERE} if START_HERE in {each.person for each in group.scenarios} else {}),
        }
        for group in shown
    ]

"""The login scenarios of the demo: which test person to choose, what the shop knows, and what happens.

Each scenario names a test person of the simulator and the verdict of `app.vipps.matching`, which follows from the
sample customer with the same email address or phone number (`samples.customers`). A test logs in with every person and
compares the verdict. The texts may use `%(brand)s`.
"""

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.vipps.matching import Verdict
from app.vipps.purposes import LoginPurpose


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One login. `person` is the simulator's key of the test person, and `name` the name that its pages show.

    `account` is the email address for a password login: as proof, or to link from the account page. `start` is the
    address where the login starts, if not at the button. A login that Vipps itself refuses has no verdict.
    """

    person: str
    name: str
    known: LazyString
    outcome: LazyString
    verdict: Verdict | None
    purpose: LoginPurpose = LoginPurpose.LOG_IN
    account: str = ""
    start: str = ""


@dataclass(frozen=True)
class ScenarioGroup:
    """Scenarios with the same kind of outcome."""

    title: LazyString
    scenarios: tuple[Scenario, ...]


LOGGED_IN = ScenarioGroup(
    _l("Logged in"),
    (
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("The shop already has her email address and her phone number."),
            outcome=_l("She is logged in to her account, and %(brand)s is now linked to it."),
            verdict=Verdict.LINK_AND_LOG_IN,
        ),
        Scenario(
            person="paivi",
            name="Päivi Mäkelä-Hämäläinen",
            known=_l(
                "The shop has her email address and number too, but wrote her name as “Makela-Hamalainen, Paivi Maria”."
            ),
            outcome=_l("The shop compares names as people write them. She is logged in to her account."),
            verdict=Verdict.LINK_AND_LOG_IN,
        ),
        Scenario(
            person="amalie",
            name="Amalie Grønn",
            known=_l("Her phone number used to be Sindre’s."),
            outcome=_l("The names differ, so she does not get into his account. The shop creates a new one for her."),
            verdict=Verdict.CREATE,
        ),
        Scenario(
            person="sindre",
            name="Sindre Vik",
            known=_l("The shop has his email address and his phone number."),
            outcome=_l("He is logged in to his account, also after he gets another number."),
            verdict=Verdict.LINK_AND_LOG_IN,
        ),
        Scenario(
            person="jonas",
            name="Jonas Moen",
            known=_l("An account has his email address, but %(brand)s has not verified that it is his."),
            outcome=_l("An unverified address proves nothing. The shop creates a new account for him."),
            verdict=Verdict.CREATE,
        ),
        Scenario(
            person="gunnar",
            name="Gunnar Lie",
            known=_l("The shop does not know him, and he has no email address."),
            outcome=_l("The shop creates an account for him without one."),
            verdict=Verdict.CREATE,
        ),
    ),
)

PROOF_NEEDED = ScenarioGroup(
    _l("Proof needed"),
    (
        Scenario(
            person="ola",
            name="Ola Tangen",
            known=_l("The shop has his phone number, but with another email address."),
            outcome=_l("He proves that the account is his: with its password, or with a link sent by email."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="ola.at.the.cabin@example.com",
        ),
        Scenario(
            person="malik",
            name="Malik Kleist",
            known=_l("The shop has his email address, but with another phone number."),
            outcome=_l("He proves it in the same way."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="malik.kleist@example.com",
        ),
        Scenario(
            person="anne",
            name="Ánne Márjá Ođđajohka Eira",
            known=_l("Another person registered her email address and never confirmed it."),
            outcome=_l(
                "She takes over the account with a link sent by email. The other person’s password stops working."
            ),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="anne.marja@example.com",
        ),
        Scenario(
            person="soren",
            name="Søren Kjær Nygård",
            known=_l("The shop has his email address, but with another name."),
            outcome=_l("Email addresses change owners, so only the account’s password counts as proof."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="soren.nygard@example.com",
        ),
    ),
)

TURNED_AWAY = ScenarioGroup(
    _l("Turned away"),
    (
        Scenario(
            person="torbjorn",
            name="Torbjørn Åsgård",
            known=_l("He has two accounts: this one with his email address, another with his phone number."),
            outcome=_l("The shop does not guess. He logs in with a password and connects %(brand)s himself."),
            verdict=Verdict.SEVERAL_ACCOUNTS,
            account="torbjorn@example.com",
        ),
        Scenario(
            person="asa",
            name="Åsa Björklöv",
            known=_l("Her account is connected to another %(brand)s user."),
            outcome=_l("She logs in with her password, disconnects that user, and connects herself."),
            verdict=Verdict.OTHER_SUBJECT,
            account="asa.bjorklov@example.com",
        ),
        Scenario(
            person="halvor",
            name="Halvor Strand",
            known=_l("The shop has blocked his account."),
            outcome=_l("The shop tells him so, and whom to contact."),
            verdict=Verdict.ACCOUNT_BLOCKED,
        ),
        Scenario(
            person="fredrikke",
            name="Fredrikke-Alexandrine Konstanse",
            known=_l("The shop does not know her, and she opens an offer for members."),
            outcome=_l("The shop creates no account. It asks her to create one first."),
            verdict=Verdict.MEMBERS_ONLY,
            purpose=LoginPurpose.MEMBERS,
            start="/login/vipps?members=1",
        ),
        Scenario(
            person="emma",
            name="Emma Bakken",
            known=_l("She is under 15."),
            outcome=_l("%(brand)s turns her away. The shop learns only that the login failed."),
            verdict=None,
        ),
    ),
)

FROM_ACCOUNT = ScenarioGroup(
    _l("Linking from your account"),
    (
        Scenario(
            person="fredrikke",
            name="Fredrikke-Alexandrine Konstanse",
            known=_l("Log in with the password as Ingrid, and connect %(brand)s as Fredrikke."),
            outcome=_l("Ingrid asked for it, so the shop links them even though the names differ."),
            verdict=Verdict.LINK,
            purpose=LoginPurpose.CONNECT,
            account="ingrid.solheim@example.com",
        ),
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("Log in with %(brand)s as Kari once. Then log in with the password as Eivind, and connect Kari."),
            outcome=_l("Kari is already linked to another account. Neither account changes."),
            verdict=Verdict.LINKED_ELSEWHERE,
            purpose=LoginPurpose.CONNECT,
            account="eivind.dahl@example.com",
        ),
        Scenario(
            person="ola",
            name="Ola Tangen",
            known=_l(
                "Log in with %(brand)s as Kari, press “Ask %(brand)s again” on her page, and choose Ola this time."
            ),
            outcome=_l("He is not the %(brand)s user linked to her account, so nothing changes."),
            verdict=Verdict.OTHER_PERSON,
            purpose=LoginPurpose.REFRESH,
        ),
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("Change Kari’s details in the simulator: a new address or a new name. Then log in again."),
            outcome=_l("She is logged in, and chooses which details the shop keeps."),
            verdict=Verdict.KNOWN_SUBJECT,
        ),
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("Log in with %(brand)s as Kari, and disconnect it on her page."),
            outcome=_l(
                "First she confirms in the app. With this shop on the basic plan in the simulator, that is refused."
            ),
            verdict=Verdict.KNOWN_SUBJECT,
            purpose=LoginPurpose.CONFIRM,
        ),
    ),
)

SCENARIOS = (LOGGED_IN, PROOF_NEEDED, TURNED_AWAY, FROM_ACCOUNT)

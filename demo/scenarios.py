"""The ways that a Vipps login can go, told for the demo's login page: whom to be, what the shop knows, what happens.

Each story names a test person of the simulator, and the verdict that its demo customer (`samples.customers`) makes
`app.vipps.matching` come to; a test lets every person log in and compares. The texts may use `%(brand)s`.
"""

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.vipps.matching import Verdict
from app.vipps.purposes import Purpose


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way that a login can go. `person` is the simulator's key and `name` what its pages call them.

    `account` is the address to log in with by password: for a proof, or before the story begins on my page. `start`
    is where it begins, if not at the button. A login that Vipps itself refuses has no verdict.
    """

    person: str
    name: str
    known: LazyString
    outcome: LazyString
    verdict: Verdict | None
    purpose: Purpose = Purpose.LOG_IN
    account: str = ""
    start: str = ""


@dataclass(frozen=True)
class ScenarioGroup:
    """Stories that end alike."""

    title: LazyString
    scenarios: tuple[Scenario, ...]


LOGGED_IN = ScenarioGroup(
    _l("Straight in"),
    (
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("The shop already knows her e-mail address and her number."),
            outcome=_l("Her account opens, and from now on %(brand)s opens it."),
            verdict=Verdict.LINK_AND_LOG_IN,
        ),
        Scenario(
            person="paivi",
            name="Päivi Mäkelä-Hämäläinen",
            known=_l("The shop knows her too, but has written her name as “Makela-Hamalainen, Paivi Maria”."),
            outcome=_l("Names are compared as people write them: her account opens."),
            verdict=Verdict.LINK_AND_LOG_IN,
        ),
        Scenario(
            person="amalie",
            name="Amalie Grønn",
            known=_l("Her number was Sindre’s before."),
            outcome=_l("The names differ, so his account stays closed. She gets one of her own."),
            verdict=Verdict.CREATE,
        ),
        Scenario(
            person="sindre",
            name="Sindre Vik",
            known=_l("The shop knows his e-mail address and his number."),
            outcome=_l("His account opens, now and whatever his number is later."),
            verdict=Verdict.LINK_AND_LOG_IN,
        ),
        Scenario(
            person="jonas",
            name="Jonas Moen",
            known=_l("An account has his e-mail address, but %(brand)s has not verified that it is his."),
            outcome=_l("What is not verified proves nothing. He gets an account of his own."),
            verdict=Verdict.CREATE,
        ),
        Scenario(
            person="gunnar",
            name="Gunnar Lie",
            known=_l("The shop does not know him, and he has no e-mail address."),
            outcome=_l("He gets an account all the same."),
            verdict=Verdict.CREATE,
        ),
    ),
)

PROOF_NEEDED = ScenarioGroup(
    _l("One more question"),
    (
        Scenario(
            person="ola",
            name="Ola Tangen",
            known=_l("The shop knows his number, but with another e-mail address."),
            outcome=_l("He proves that the account is his: by its password, or by a link that is mailed to it."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="ola.at.the.cabin@example.com",
        ),
        Scenario(
            person="malik",
            name="Malik Kleist",
            known=_l("The shop knows his e-mail address, but with another number."),
            outcome=_l("He proves it in the same ways."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="malik.kleist@example.com",
        ),
        Scenario(
            person="anne",
            name="Ánne Márjá Ođđajohka Eira",
            known=_l("Somebody has registered her e-mail address and never confirmed it."),
            outcome=_l("By a mailed link she takes the account over: the stranger’s password no longer works."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="anne.marja@example.com",
        ),
        Scenario(
            person="soren",
            name="Søren Kjær Nygård",
            known=_l("The shop knows his e-mail address, but in another name."),
            outcome=_l("Addresses change hands, so only the account’s password counts."),
            verdict=Verdict.PROVE_OWNERSHIP,
            account="soren.nygard@example.com",
        ),
    ),
)

TURNED_AWAY = ScenarioGroup(
    _l("Not this way, but another"),
    (
        Scenario(
            person="torbjorn",
            name="Torbjørn Åsgård",
            known=_l("He has two accounts: this one with his e-mail address, another with his number."),
            outcome=_l("The shop does not guess. He logs in by password and connects %(brand)s himself."),
            verdict=Verdict.SEVERAL_ACCOUNTS,
            account="torbjorn@example.com",
        ),
        Scenario(
            person="asa",
            name="Åsa Björklöv",
            known=_l("Her account is connected to another %(brand)s user."),
            outcome=_l("She logs in by password, disconnects the other one, and connects hers."),
            verdict=Verdict.OTHER_SUBJECT,
            account="asa.bjorklov@example.com",
        ),
        Scenario(
            person="halvor",
            name="Halvor Strand",
            known=_l("The shop has blocked his account."),
            outcome=_l("He is told so, and whom to ask."),
            verdict=Verdict.ACCOUNT_BLOCKED,
        ),
        Scenario(
            person="fredrikke",
            name="Fredrikke-Alexandrine Konstanse",
            known=_l("The shop does not know her, and what she wants is for members."),
            outcome=_l("No account is made. She is asked to create one first."),
            verdict=Verdict.MEMBERS_ONLY,
            purpose=Purpose.MEMBERS,
            start="/login/vipps?members=1",
        ),
        Scenario(
            person="emma",
            name="Emma Bakken",
            known=_l("She is under 15."),
            outcome=_l("%(brand)s itself turns her away; the shop learns only that nobody logged in."),
            verdict=None,
        ),
    ),
)

FROM_ACCOUNT = ScenarioGroup(
    _l("From my page"),
    (
        Scenario(
            person="fredrikke",
            name="Fredrikke-Alexandrine Konstanse",
            known=_l("Log in by password as Ingrid, and connect %(brand)s as Fredrikke."),
            outcome=_l("Ingrid asked for it, so it is done, whatever the names are."),
            verdict=Verdict.LINK,
            purpose=Purpose.CONNECT,
            account="ingrid.solheim@example.com",
        ),
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("Log in with %(brand)s as Kari once. Then log in by password as Eivind, and connect Kari."),
            outcome=_l("Kari opens another account already. Neither is changed."),
            verdict=Verdict.LINKED_ELSEWHERE,
            purpose=Purpose.CONNECT,
            account="eivind.dahl@example.com",
        ),
        Scenario(
            person="ola",
            name="Ola Tangen",
            known=_l("Log in with %(brand)s as Kari, press “Ask %(brand)s again” on her page, and be Ola this time."),
            outcome=_l("He is not who opens her account, so nothing is changed."),
            verdict=Verdict.OTHER_PERSON,
            purpose=Purpose.REFRESH,
        ),
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("Let something happen to Kari at the simulator: a new address, a new name. Then log in again."),
            outcome=_l("She is known by now, and chooses what the shop keeps."),
            verdict=Verdict.KNOWN_SUBJECT,
        ),
        Scenario(
            person="kari",
            name="Kari Sandvik Nordfjell",
            known=_l("Log in with %(brand)s as Kari, and disconnect it on her page."),
            outcome=_l(
                "First she confirms in the app. Put this shop on the basic plan at the simulator, and it is refused."
            ),
            verdict=Verdict.KNOWN_SUBJECT,
            purpose=Purpose.CONFIRM,
        ),
    ),
)

SCENARIOS = (LOGGED_IN, PROOF_NEEDED, TURNED_AWAY, FROM_ACCOUNT)

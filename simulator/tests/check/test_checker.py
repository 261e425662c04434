"""The checker around its cases: browser, settings, verdicts, reports and the command."""

import json
import sys
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
import urllib3

from ...check import command, main, report, steps
from ...check.browser import Answer, Browser, Page
from ...check.cases import EXPECTATIONS, Stage, every_case, stages
from ...check.lab import PATIENCE_SECONDS, Lab, fill
from ...check.merchant import MerchantFileError, from_values
from ...check.room import Room, room_of
from ...check.run import Report, Result, follow, run
from ...check.steps import Finding, Verdict
from ..servers import served
from .conftest import CLIENT_ID, MERCHANT, SECRET, World
from .shop import Shop, Trouble, create_shop

HOME = "http://shop.example/"


def browser(*answers: Answer) -> tuple[Browser, list[tuple[str, str, dict[str, str]]]]:
    """Return a browser that gets these answers, and the list of its requests."""
    left, sent = list(answers), []

    def send(method: str, url: str, headers: Any, body: bytes | None) -> Answer:
        sent.append((method, url, dict(headers)))
        return left.pop(0)

    return Browser(send, lambda url: url.startswith(HOME)), sent


def test_the_browser_keeps_and_deletes_cookies_and_respects_their_path() -> None:
    cookies = (("Set-Cookie", "a=1; HttpOnly; Path=/"), ("Set-Cookie", "b=2; Path=/account"), ("Set-Cookie", "c=3"))
    gone = (("Set-Cookie", "a=; Max-Age=0"), ("Set-Cookie", "c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
    used, sent = browser(Answer(HOME, 200, cookies), Answer(HOME, 200, gone), Answer(HOME, 200), Answer(HOME, 200))
    for path in ("", "", "account", "other"):
        used.open(HOME + path)
    assert [headers.get("Cookie", "") for _, _, headers in sent] == ["", "a=1; c=3", "b=2", ""]


def test_the_browser_follows_redirects_within_the_site_only() -> None:
    away = Answer(HOME, 302, (("Location", "https://evil.example/"),))
    used, sent = browser(Answer(HOME, 303, (("Location", "/next"),)), away)
    assert used.open(HOME, {"a": "b"}).last.location == "https://evil.example/"
    assert [(method, urlsplit(url).path) for method, url, _ in sent] == [("POST", "/"), ("GET", "/next")]


def test_forms_are_found_by_text_or_address() -> None:
    text = (
        '<a href="/x">Help</a><form method="post" action="/go"><input name="t" value="1"><button>Log in</button></form>'
    )
    form = Page(Answer(HOME, 200, body=text)).find("Log in")
    assert form is not None
    assert (form.action, form.method, form.fields) == (f"{HOME}go", "POST", {"t": "1"})
    assert Page(Answer(HOME, 200, body=text)).find("nothing") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"home": "/"}, "home must be a whole address"), ({"logged_in": "("}, "logged_in is no pattern"),
        ({"hoem": "x"}, "unknown setting: hoem"), ({"simulator": {"secret": "x"}}, "unknown setting: secret"),
        ({"simulator": "x"}, "simulator must be a table"), ({"start": None}, "missing"),
        ({"room": "BKRT47"}, "room must be a whole address"), ({"room": HOME}, "room needs words"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(changes: dict[str, Any], words: str) -> None:
    values = {name: value for name, value in {**MERCHANT, **changes}.items() if value is not None}
    with pytest.raises(MerchantFileError, match=words.replace("(", r"\(")):
        from_values(values)


def test_placeholders_are_filled_in() -> None:
    names = {"now": 100, "sub": "s", "list": [1]}
    value = {
        "exp": "$now-60",
        "sub": "${sub}x",
        "long": "$long:3",
        "all": ["$list", "$sub"],
        "gone": False,
        "accepted": False,
    }
    filled = {"exp": 40, "sub": "sx", "long": "aaa", "all": [[1], "s"], "gone": None, "accepted": False}
    assert fill(value, names) == filled


def test_every_case_can_be_performed_and_names_its_source() -> None:
    checks = {"login": {"", *steps.LANDINGS}, "request": set(steps.REQUESTS), "session": set(steps.SESSIONS)}
    for case in every_case().values():
        assert case.source.startswith("https://"), case.id
        assert case.do in steps.ACTIONS, case.id
        assert case.expect in EXPECTATIONS, case.id
        assert case.check in checks.get(case.do, {""}), case.id
        assert all(hasattr(steps.Game, step.split()[0]) for step in case.steps), case.id
        assert case.proof.endswith("."), case.id
        assert case.right.endswith("."), case.id
    assert len(every_case()) == sum(len(stage.cases) for stage in stages())


def test_a_merchant_that_refuses_every_login_does_not_pass(lab: Lab, world: World) -> None:
    world.shop.broken = True
    found = run(lab, stages())
    assert (found.exit_status, found.results) == (1, ())
    assert "A good login did not work" in found.broken
    assert "Your shop sent no code to the token endpoint." in found.broken


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([("token", 400)], "The token endpoint answered 400 (no reason) to your shop."),
        ([("token", 200), ("userinfo", 401)], "The userinfo endpoint answered 401"),
        ([("token", 400), ("token", 200), ("jwks", 200)], "the keys, and did not ask for userinfo."),
        ([("token", 200)], "If it keeps the keys of Vipps, start it again"),
        ([("token", 200), ("userinfo", 200)], "does not match logged_in."),
    ],
)
def test_a_login_that_does_not_work_says_how_far_it_came(
    calls: list[tuple[str, int]], words: str, lab: Lab, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.shop.broken = True
    newest_first = [{"endpoint": name, "status": status, "error": None} for name, status in reversed(calls)]
    monkeypatch.setattr(lab.provider, "calls", lambda after: newest_first)
    assert words in lab.recover(None)


def test_refusals_prove_nothing_if_the_next_good_login_fails(lab: Lab, world: World) -> None:
    world.shop.mistakes = {"dead"}
    found = run(lab, [stage for stage in stages() if stage.number in (3, 4)])
    assert {each.case.stage for each in found.results} == {3}
    assert found.broken
    assert Verdict.SAFE not in {each.finding.verdict for each in found.results}


def test_a_case_is_not_blamed_for_an_earlier_one(lab: Lab, world: World) -> None:
    world.shop.mistakes = {"dead"}
    wanted = ("token-500", "token-503", "token-429")
    trouble = next(stage for stage in stages() if stage.number == 11)
    found = run(lab, [replace(trouble, cases=tuple(case for case in trouble.cases if case.id in wanted))])
    assert [each.finding.verdict for each in found.results] == [Verdict.UNSAFE, Verdict.UNCLEAR, Verdict.UNCLEAR]
    assert found.results[1].finding.did == "Your shop has not recovered from an earlier case."


def test_what_the_merchant_does_not_have_is_not_applicable(lab: Lab, world: World) -> None:
    bare = {name: value for name, value in MERCHANT.items() if name not in ("webhook", "consents", "next", "account")}
    needing = [replace(stage, cases=tuple(case for case in stage.cases if case.needs)) for stage in stages()]
    found = run(Lab(from_values(bare), lab.provider, world, 1), [stage for stage in needing if stage.cases])
    missing = {each.case.id for each in found.results if each.finding.verdict is Verdict.NOT_APPLICABLE}
    assert {"event-sample", "consent-yes", "return-script", "account-new-email"} <= missing
    assert found.exit_status == 0


def test_a_rate_limit_is_unclear(lab: Lab, world: World) -> None:
    limited = Answer(MERCHANT["home"], 429)
    lab.transport = lambda method, url, headers, body: limited
    finding = steps.perform(lab, every_case()["request-endpoint"])
    assert finding == Finding(Verdict.UNCLEAR, "Your shop's rate limit answered (429). Raise it for the check.")


def stage_of(number: int, *names: str) -> Stage:
    return Stage(number, "", tuple(every_case()[name] for name in names))


def test_a_course_stops_at_the_first_red_stage_and_needs_no_login_before_one_works(lab: Lab, world: World) -> None:
    first, login = stage_of(1, "request-endpoint", "state-missing"), stage_of(2, "code-exchanged-once")
    red = stage_of(3, "audience-other", "issuer-other", "nonce-wrong", "expired", "signature-wrong")
    ended: list[list[Verdict]] = []

    def follow_course() -> list[list[Verdict]]:
        ended.clear()
        follow(lab, [first, login, red, first], ended=lambda _, found: ended.append([x.finding.verdict for x in found]))
        return ended

    world.shop.mistakes = {"exchange_twice"}  # the login never works, so a refusal proves nothing
    assert follow_course() == [[Verdict.SAFE, Verdict.NOT_APPLICABLE], [Verdict.UNCLEAR]]
    world.shop.mistakes = {"no_audience", "no_issuer", "no_exp"}
    assert follow_course() == [
        [Verdict.SAFE] * 2,
        [Verdict.SAFE],
        [Verdict.UNSAFE] * 2 + [Verdict.SAFE, Verdict.UNSAFE],
    ]
    world.shop.mistakes = set()
    assert [set(each) for each in follow_course()] == [{Verdict.SAFE}] * 4


@pytest.mark.parametrize(("status", "trouble"), [(204, ""), (403, "answered 403"), (0, "answered nothing")])
def test_a_room_gets_verdicts_only(status: int, trouble: str) -> None:
    sent: list[Any] = []
    room = Room(
        lambda method, url, headers, body: sent.append((method, url, body)) or Answer(url, status),
        "http://teacher.test/workshop/BCDF23/",
        "fjell kopp ugle",
    )
    assert trouble in room.tell(6, [("algorithm-none", "safe")])
    body = {"words": "fjell kopp ugle", "stage": 6, "verdicts": [{"case": "algorithm-none", "verdict": "safe"}]}
    assert [(method, url, json.loads(text)) for method, url, text in sent] == [
        ("POST", "http://teacher.test/workshop/BCDF23/verdicts", body)
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), ["of the file", "its words"]), (("of the options", "other words"), ["of the options", "other words"])],
)
def test_a_room_is_that_of_the_options_or_of_the_file(options: tuple[str, ...], expected: list[str]) -> None:
    sent: list[str] = []

    def send(method: str, url: str, headers: Any, body: bytes | None) -> Answer:
        sent.extend((url.partition("/verdicts")[0].removeprefix(HOME), json.loads(body or b"")["words"]))
        return Answer(url, 204)

    merchant = from_values({**MERCHANT, "room": f"{HOME}of the file", "words": "its words"})
    room = room_of(send, merchant, *(f"{HOME}{options[0]}", options[1]) if options else ())
    assert room
    assert room.tell_looked_up(1) == ""
    assert sent == expected
    assert room_of(send, from_values(MERCHANT)) is None


def some_report(*verdicts: Verdict, did: str = "It <b>did</b> \x00 so.") -> Report:
    cases = list(every_case().values())
    results = tuple(Result(case, Finding(verdict, did)) for case, verdict in zip(cases, verdicts, strict=False))
    return Report(7, results, "", 42)


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((Verdict.SAFE, Verdict.NOT_APPLICABLE), 0), ((Verdict.SAFE, Verdict.UNCLEAR), 3),
        ((Verdict.UNSAFE, Verdict.UNCLEAR), 1),
    ],
)  # fmt: skip
def test_the_exit_status_is_the_worst_verdict(verdicts: tuple[Verdict, ...], status: int) -> None:
    assert some_report(*verdicts).exit_status == status


def test_reports_hold_all_results_and_escape_the_merchants_words() -> None:
    found = some_report(*Verdict)
    assert json.loads(report.to_json(found))["counts"] == {verdict.value: 1 for verdict in Verdict}
    suite = ElementTree.fromstring(report.to_junit(found))
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    page = report.to_html(found, stages())
    assert "It &lt;b&gt;did&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert "seed 7" in report.summary(found, stages())


def test_the_summary_explains_each_red_case_and_repeats_no_reason() -> None:
    found = some_report(Verdict.SAFE, Verdict.UNSAFE, Verdict.UNSAFE, Verdict.UNCLEAR, Verdict.UNCLEAR, did="It did.")
    told = report.summary(found, stages())
    safe, *red, last = [each.case for each in found.results]
    for case in red:
        lines = [f"{name}: {text}" for name, text in (("Tried", case.tried), ("Right", case.right))]
        lines += [f"Clause: {case.clause}, {case.source}", f"Reference shop: {case.reference}"]
        assert f"{case.id}: It did.\n  " + "\n  ".join(lines) in told
    assert f"UNCLEAR {last.id}: the same. Tried: {last.tried}\n" in told
    assert safe.id not in told


@pytest.fixture
def real_merchant(tmp_path: Path, unused_port: int) -> Any:
    """Serve the small merchant on a real socket, and return it with its file; nothing serves the simulator yet."""
    provider = f"http://localhost:{unused_port}"

    def fetch(method: str, url: str, headers: Any, form: Any, *, timeout: float, limit: int, follow: bool) -> Any:
        try:
            sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"} if form else headers
            body = urlencode(form) if form else None
            got = urllib3.request(method, url, headers=sent, body=body, timeout=timeout, retries=False, redirect=follow)
        except urllib3.exceptions.HTTPError:
            raise Trouble("no answer") from None
        return got.status, got.data

    shop = Shop(fetch, provider, CLIENT_ID, SECRET, time.time)
    with served(create_shop(shop)) as origin:
        text = json.dumps(MERCHANT).replace("http://localhost:5000", origin).replace("http://localhost:8001", provider)
        values = json.loads(text)
        client = values.pop("simulator")
        file = tmp_path / "merchant.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        lines += ["[simulator]", *(f"{name} = {json.dumps(value)}" for name, value in client.items())]
        file.write_text("\n".join(lines))
        shop.origin = origin
        yield shop, file


def test_the_command_starts_a_simulator_and_writes_reports(real_merchant: Any, tmp_path: Path) -> None:
    shop, file = real_merchant
    outputs = {name: tmp_path / f"out.{name}" for name in ("json", "junit", "html")}
    options = [str(file), "--case", "audience-other", "--case", "state-missing"]
    options += [word for name, path in outputs.items() for word in (f"--{name}", str(path))]
    assert main(options) == 0
    assert json.loads(outputs["json"].read_text())["counts"]["safe"] == 2
    shop.mistakes = {"no_audience"}
    shop.discovery, shop.keys = {}, {}  # the next run starts another simulator
    assert main(options) == 1
    assert "another audience" in outputs["junit"].read_text()
    assert "another audience" in outputs["html"].read_text()


def test_a_chosen_stage_is_that_of_the_course(real_merchant: Any, capsys: Any) -> None:
    course = [replace(stage, number=stage.number + 20, title="Of the course") for stage in stages()]
    assert main([str(real_merchant[1]), "--stage", "21", "--case", "request-endpoint"], course) == 0
    assert "21 Of the course" in capsys.readouterr().out


def test_the_check_tells_the_room_of_the_file(real_merchant: Any, capsys: Any) -> None:
    file = real_merchant[1]
    file.write_text(f'room = "http://localhost:9/workshop/BKRT47"\nwords = "fjell kopp ugle"\n{file.read_text()}')
    assert main([str(file), "--upto", "1"]) == 0
    assert "http://localhost:9/workshop/BKRT47/verdicts answered nothing." in capsys.readouterr().out


def test_the_check_says_how_many_cases_a_red_stage_did_not_try(real_merchant: Any, capsys: Any) -> None:
    real_merchant[0].mistakes = {"response_token", "wrong_client", "redirect_host_always"}
    assert main([str(real_merchant[1].parent), "--upto", "1"]) == 1  # the folder of merchant.toml will do
    assert "   11 more cases of this stage were not tried." in capsys.readouterr().out


def test_replay_prints_the_callback(real_merchant: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    _, file = real_merchant
    monkeypatch.setattr(sys, "stdin", StringIO("\n"))
    assert main([str(file), "--replay", "state-empty"]) == 0
    told = capsys.readouterr().out
    callback, last = told.splitlines()[-2:]
    assert callback.startswith("curl -i -H 'Cookie: flow=")
    assert callback.rstrip("'").endswith("state=")
    assert last.startswith("Then press Enter"), "the merchant needs the simulator for this callback"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--case", "none"], "there is no case none"), (["--stage", "99"], "there is no stage 99"),
        (["--replay", "two-tabs-first"], "there is no case two-tabs-first with a single login"),
    ],
)  # fmt: skip
def test_the_command_says_why_it_cannot_run(real_merchant: Any, options: list[str], words: str, capsys: Any) -> None:
    assert main([str(real_merchant[1]), *options]) == 2
    assert words in capsys.readouterr().out


def test_a_missing_file_and_too_many_requests_end_the_run(
    real_merchant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([str(tmp_path / "none.toml")]) == 2
    monkeypatch.setattr(command, "MAX_REQUESTS", 3)
    assert main([str(real_merchant[1]), "--case", "audience-other"]) == 2


def test_the_patience_for_a_merchant_that_does_not_recover_ends(lab: Lab, world: World) -> None:
    waits: list[float] = []
    lab.sleep = waits.append
    world.shop.broken = True
    assert lab.recover(None)
    assert lab.recover(None)
    assert waits == [*PATIENCE_SECONDS, 0]
    world.shop.broken = False
    assert lab.recover(None) == ""
    world.shop.broken = True
    assert lab.recover(None)
    assert waits[-len(PATIENCE_SECONDS) :] == list(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("case", "mistake", "verdict"),
    [
        ("signature-wrong", "reads_no_id_token", Verdict.NOT_APPLICABLE),
        ("id-token-garbage", "reads_no_id_token", Verdict.UNSAFE), ("signature-wrong", "no_signature", Verdict.UNSAFE),
        ("keys-500", "reads_no_id_token", Verdict.NOT_APPLICABLE),
        ("nonce-wrong", "no_nonce", Verdict.NOT_APPLICABLE),
        ("userinfo-no-subject", "reads_no_userinfo", Verdict.NOT_APPLICABLE),
    ],
)  # fmt: skip
def test_what_the_merchant_does_not_read_proves_nothing(
    case: str, mistake: str, verdict: Verdict, lab: Lab, world: World
) -> None:
    lab.good_login()
    world.shop.mistakes = {mistake}
    assert steps.perform(lab, every_case()[case]).verdict is verdict

"""The command `check`: reads `merchant.toml`, runs the cases, and writes the reports."""

import argparse
import secrets
import shlex
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from .. import SimulatorConfig, create_simulator
from . import report
from .browser import UNREACHABLE, Answer, Headers, Network, Transport
from .cases import Case, Stage, every_case, stages
from .lab import Lab, Started, UnclearError
from .merchant import Client, Merchant, MerchantFileError, load
from .provider import ControlError, Provider
from .room import Room, room_of
from .run import RED, Report, Result, follow, run
from .steps import callback_of

MAX_ADDRESSES = 30
MAX_REQUESTS = 20_000
"""The most requests of one run. A whole run needs about 2,000."""


class TooManyRequestsError(Exception):
    """The run needs more requests than it may send."""


class Counter:
    """Counts the requests of transports, and ends the run at a maximum."""

    def __init__(self) -> None:
        """Begin with no request."""
        self.count = 0

    def counted(self, transport: Transport) -> Transport:
        """Return the transport, counted."""

        def send(method: str, url: str, headers: Headers, body: bytes | None) -> Answer:
            self.count += 1
            if self.count > MAX_REQUESTS:
                raise TooManyRequestsError
            return transport(method, url, headers, body)

        return send


def browser_addresses(merchant: Merchant) -> list[str]:
    """Return network addresses for the browsers: several if the merchant is on this computer, else the system's.

    Linux has all of 127.0.0.0/8 for its own; other systems have the first address only.
    """
    if urlsplit(merchant.home).hostname not in ("localhost", "127.0.0.1") or not sys.platform.startswith("linux"):
        return [""]
    return [f"127.0.0.{number}" for number in range(2, 2 + MAX_ADDRESSES)]


def main(
    argv: Sequence[str] | None = None,
    course: Sequence[Stage] | None = None,
    after: Callable[[Report], str] = lambda report: "",
) -> int:
    """Check a merchant; return 0 if all is safe, 1 if not, 2 if it could not be checked, 3 if a case is unclear.

    With a course the cases are in the course's stages; `after` returns the last line to print, or an empty text.
    """
    options = _parser().parse_args(argv)
    try:
        merchant = load(options.merchant)
        room = room_of(Network(), merchant, options.room, options.words)
        chosen = _chosen(course or stages(), options)
        counter = Counter()
        transport = counter.counted(Network())
        browsers = [counter.counted(Network(address)) for address in browser_addresses(merchant)]
        with simulator_at(merchant.simulator, transport) as is_started:
            provider = Provider(transport, merchant.simulator)
            provider.register()
            provider.set_faults({})  # an interrupted run may have left some
            lab = Lab(merchant, provider, transport, options.seed, browsers)
            if options.replay:
                return _replay(lab, options.replay, stays=not is_started)
            _say(f"seed {options.seed}")
            say = partial(_progress, verbose=options.verbose)
            if options.upto is None:
                found = run(lab, chosen, say)
            else:
                found = follow(lab, chosen, say, lambda stage, results: _stage_ended(stage, results, room))
    except (MerchantFileError, ControlError, TooManyRequestsError, UnclearError) as error:
        _say(f"The check could not run: {error or 'too many requests'}")
        return 2
    found = replace(found, requests=counter.count)
    if options.upto is not None:
        chosen = tuple(stage for stage in chosen if stage.number in {each.case.stage for each in found.results})
    _say(report.summary(found, chosen))
    if last := after(found):
        _say(last)
    for path, write in ((options.json, report.to_json), (options.junit, report.to_junit)):
        if path:
            path.write_text(write(found), encoding="utf-8")
    if options.html:
        options.html.write_text(report.to_html(found, chosen), encoding="utf-8")
    return found.exit_status


@contextmanager
def simulator_at(client: Client, transport: Transport) -> Iterator[bool]:
    """Start a simulator at the client's address, unless one answers there or the secret is unknown; yield whether."""
    if transport("GET", f"{client.url}/control/merchants", (), None).status != UNREACHABLE or not client.client_secret:
        yield False
        return
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        """Logs no requests."""

        def log(self, type: str, message: str, *args: object) -> None:
            """Log nothing."""

    parts = urlsplit(client.url)
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/simulator.sqlite"
        config = SimulatorConfig(public_url=client.url, database_url=database, secret_key=secrets.token_hex())
        app = create_simulator(config)
        host, port = parts.hostname or "localhost", parts.port or 80
        server = make_server(host, port, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        _say(f"started a simulator at {client.url}")
        try:
            yield True
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            app.extensions["simulator"].store.engine.dispose()


def _replay(lab: Lab, name: str, *, stays: bool) -> int:
    """Print the callback URL of a case instead of opening it, for the developer's own browser or for curl.

    A simulator that this check started runs until the developer presses Enter, so that the merchant can call it.
    """
    case = every_case().get(name)
    if case is None or case.do != "login":
        raise MerchantFileError(f"there is no case {name} with a single login")
    _say(f"{case.tried}. {case.right}")
    _say(f"Press the login button of {lab.merchant.start} in your browser, and copy the address of the authorization")
    _say("request from its network panel. Paste it here; leave it empty to use curl instead of a browser:")
    started = lab.start(lab.browser())
    if pasted := sys.stdin.readline().strip():
        started.url = pasted
        _say("Open this address in the same browser:")
        _say(callback_of(lab, case, started, lab.fresh()))
    else:
        _say(_as_curl(lab, case, started))
    if not stays:
        _say("Then press Enter: the simulator that this check started runs until then.")
        sys.stdin.readline()
    return 0


def _as_curl(lab: Lab, case: Case, started: Started) -> str:
    cookies = "; ".join(f"{key[1]}={cookie.value}" for key, cookie in started.browser.cookies.items())
    return shlex.join(["curl", "-i", "-H", f"Cookie: {cookies}", callback_of(lab, case, started, lab.fresh())])


def _chosen(course: Sequence[Stage], options: argparse.Namespace) -> tuple[Stage, ...]:
    """Return the stages and cases that the options select."""
    numbers, names = options.stage, options.case
    if unknown := sorted(set(names) - set(every_case())):
        raise MerchantFileError(f"there is no case {unknown[0]}")
    if unknown_numbers := sorted(set(numbers) - {stage.number for stage in course}):
        raise MerchantFileError(f"there is no stage {unknown_numbers[0]}")
    if options.upto is not None:
        return tuple(stage for stage in course if stage.number <= options.upto)
    wanted = [stage for stage in course if not numbers or stage.number in numbers]
    picked = [
        replace(each, cases=tuple(case for case in each.cases if not names or case.id in names)) for each in wanted
    ]
    return tuple(stage for stage in picked if stage.cases)


def _stage_ended(stage: Stage, results: Sequence[Result], room: Room | None) -> None:
    is_red = any(each.finding.verdict in RED for each in results)
    _say(f"{stage.number:2} {stage.title}: {'RED' if is_red else 'green'}")
    if left := len(stage.cases) - len(results):
        _say(f"   {left} more cases of this stage were not tried. Mend the red ones first.")
    if room and (trouble := room.tell(stage.number, [(each.case.id, each.finding.verdict) for each in results])):
        _say(trouble)


def _progress(result: Result, verbose: bool) -> None:
    if verbose or result.finding.verdict in ("unsafe", "unclear"):
        _say(report.line(result))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="check", description="Tell whether a merchant's login with Vipps is safe.")
    parser.add_argument("merchant", type=Path, help="merchant.toml")
    parser.add_argument("--stage", type=int, action="append", default=[], help="only this stage; may be repeated")
    parser.add_argument("--case", action="append", default=[], help="only this case; may be repeated")
    parser.add_argument("--upto", type=int, metavar="STAGE", help="from the first stage to this one; stop at a red one")
    parser.add_argument(
        "--room",
        metavar="URL",
        default="",
        help="the address of a workshop's room that gets the verdicts; else room in merchant.toml",
    )
    parser.add_argument("--words", default="", help="your three words in this room; else words in merchant.toml")
    parser.add_argument("--replay", metavar="CASE", help="print the callback address of this case for your own browser")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="repeat the values of an earlier run"
    )
    parser.add_argument("--json", type=Path, help="write the results as JSON")
    parser.add_argument("--junit", type=Path, help="write the results as JUnit XML")
    parser.add_argument("--html", type=Path, help="write the results as one HTML file")
    parser.add_argument("--verbose", action="store_true", help="print each case")
    return parser

"""Writes the results: terminal text, JSON, JUnit XML and one HTML file that needs no other file.

All texts that came from the merchant are escaped.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from jinja2 import Environment

from .cases import Case, Stage
from .run import RED, Report, Result
from .steps import Finding, Verdict

MARKS = {Verdict.SAFE: "+", Verdict.UNSAFE: "!", Verdict.UNCLEAR: "?", Verdict.NOT_APPLICABLE: "-"}

PAGE = Path(__file__).with_name("report.html")


def line(result: Result) -> str:
    """Return one line about a result."""
    verdict = result.finding.verdict
    told = f": {result.finding.did}" if verdict in (Verdict.UNSAFE, Verdict.UNCLEAR) else ""
    return f"{MARKS[verdict]} {result.case.stage:2} {result.case.id} {verdict}{told}"


def summary(report: Report, stages: Iterable[Stage]) -> str:
    """Return the results by stage, and each red case with its reason."""
    rows = [f"{'Stage':60} safe unsafe unclear   n/a"]
    for stage in stages:
        counts = [report.count(verdict, stage.number) for verdict in Verdict]
        rows.append(f"{stage.number:2} {stage.title:57} {counts[0]:4} {counts[1]:6} {counts[2]:7} {counts[3]:5}")
    told: set[Finding] = set()
    for result in report.results:
        if result.finding.verdict in RED:
            rows += _red(result, is_told=result.finding in told)
            told.add(result.finding)
    if report.broken:
        rows += ["", f"STOPPED: {report.broken}"]
    rows += ["", f"{len(report.results)} cases, {report.requests} requests, seed {report.seed}"]
    return "\n".join(rows)


def _red(result: Result, *, is_told: bool) -> list[str]:
    """Return the lines about a red case; one line if it is unclear for the same reason as another case."""
    title = f"{result.finding.verdict.upper()} {result.case.id}: "
    if is_told and result.finding.verdict is Verdict.UNCLEAR:
        return [f"{title}the same. Tried: {result.case.tried}"]
    return ["", title + result.finding.did, *(f"  {name}: {text}" for name, text in _explained(result.case))]


def _explained(case: Case) -> list[tuple[str, str]]:
    """Return the tested action, the right behaviour, and the sources."""
    where = ("Clause", f"{case.clause}, {case.source}"), ("Reference shop", case.reference)
    return [("Tried", case.tried), ("Right", case.right), *where]


def to_json(report: Report) -> str:
    """Return the results as JSON."""
    results = [{**_about(each), "needs": list(each.case.needs)} for each in report.results]
    counts = {verdict.value: report.count(verdict) for verdict in Verdict}
    whole = {"seed": report.seed, "stopped": report.broken, "requests": report.requests, "counts": counts}
    return json.dumps({**whole, "results": results}, indent=2, ensure_ascii=False)


def to_junit(report: Report) -> str:
    """Return the results as JUnit XML: unsafe is a failure, unclear an error, not applicable is skipped."""
    suite = ElementTree.Element("testsuite", name="login check", tests=str(len(report.results)))
    suite.set("failures", str(report.count(Verdict.UNSAFE)))
    suite.set("errors", str(report.count(Verdict.UNCLEAR) + bool(report.broken)))
    suite.set("skipped", str(report.count(Verdict.NOT_APPLICABLE)))
    names = {Verdict.UNSAFE: "failure", Verdict.UNCLEAR: "error", Verdict.NOT_APPLICABLE: "skipped"}
    for result in report.results:
        case = ElementTree.SubElement(suite, "testcase", name=result.case.id, classname=f"stage{result.case.stage:02}")
        if kind := names.get(result.finding.verdict):
            told = ElementTree.SubElement(case, kind, message=_printable(result.finding.did))
            told.text = "\n".join(f"{name}: {text}" for name, text in _explained(result.case))
    if report.broken:
        case = ElementTree.SubElement(suite, "testcase", name="good-login", classname="good")
        ElementTree.SubElement(case, "error", message=_printable(report.broken))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def to_html(report: Report, stages: Iterable[Stage]) -> str:
    """Return the results as one page without scripts or links to other files."""
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE.read_text("utf-8"))
    return page.render(report=report, stages=list(stages), verdicts=list(Verdict))


def _about(result: Result) -> dict[str, str | int]:
    case = result.case
    return {
        "id": case.id, "stage": case.stage, "verdict": result.finding.verdict.value, "did": result.finding.did,
        "tried": case.tried, "right": case.right, "clause": case.clause, "source": case.source,
        "reference": case.reference,
    }  # fmt: skip


def _printable(text: str) -> str:
    """Return the text without characters that XML cannot contain (XML 1.0, section 2.2)."""
    return "".join(each for each in text if each in "\t\n\r" or " " <= each <= "\ud7ff" or each > "\ue000")

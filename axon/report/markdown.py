"""A report as the Markdown of a comment."""

from collections.abc import Iterator, Sequence

from axon.cost.table import between, dollars, lacking
from axon.redact import masked, scrubbed
from axon.report.findings import Finding, Risk, counted
from axon.report.raw_diff import raw_diff
from axon.report.report import Exit, Report
from axon.stack_file import KeyChange, path_of

# https://github.com/orgs/community/discussions/27190: what a comment may have
LIMIT = 65_536
_CUT = "… cut: GitHub takes no longer comment; `make preview STACK={stack}` shows all"
_LEAST_RAW = 200


def marker(stack: str) -> str:
    """Return the line by which a later run finds its comment."""
    return f"<!-- axon:preview:{stack} -->"


def drift_marker(stack: str) -> str:
    """Return the line by which a later run finds its issue."""
    return f"<!-- axon:drift:{stack} -->"


def rows_of(findings: Sequence[Finding], what: str = "what happens") -> str:
    """Return the table of findings."""
    rows = [f"| {_cell(f.subject)} | {_cell(f.text)} | {_risk(f.risk)} |" for f in findings]
    return "\n".join([f"| | {what} | risk |", "|---|---|---|", *rows])


def to_markdown(report: Report, limit: int = LIMIT) -> str:
    """Return the comment, no longer than `limit` characters: the raw diff is cut first."""
    if report.preview.errors:
        return failure(report.stack, report.preview.errors, report.secrets, limit)
    body = sections(report)
    raw = [scrubbed(line, set(report.secrets)) for line in raw_diff(report.preview)]
    head = f"{marker(report.stack)}\n{body}\n"
    folded = _folded(raw, report.stack, limit - len(head)) if report.findings else ""
    return _within(head + folded, report.stack, limit)


def sections(report: Report) -> str:
    """Return the sections of a report, without the engine's diff and without secrets."""
    return scrubbed("\n\n".join(_sections(report)), set(report.secrets))


def failure(
    stack: str, errors: Sequence[str], secrets: frozenset[str] = frozenset(), limit: int = LIMIT
) -> str:
    """Return the comment of a preview that failed: the errors, which say where they stand."""
    text = scrubbed("\n".join(str(masked(error)) for error in errors), set(secrets))
    return _within(
        f"{marker(stack)}\n### `{stack}`: the preview fails\n\n{fenced(text)}\n",
        stack,
        limit,
        tail="\n```\n",
    )


def _sections(report: Report) -> Iterator[str]:
    if not report.findings and not report.keys:
        yield f"### `{report.stack}`: nothing changes"
        return
    yield _title(report)
    if report.findings:
        yield rows_of(report.findings)
    if report.preview.unchanged and report.findings:
        yield f"{counted(report.preview.unchanged, 'resource')} unchanged."
    yield _cause(report)
    if report.violations:
        yield _policies(report)
    yield from _cost(report)


def _title(report: Report) -> str:
    if not report.findings:
        return f"### `{report.stack}`: nothing changes in the world"
    counts = [
        counted(sum(f.kind == kind for f in report.findings), noun)
        for kind, noun in (
            ("model", "model"),
            ("splitter", "traffic splitter"),
            ("node group", "node group"),
            ("", "other part"),
        )
        if any(f.kind == kind for f in report.findings)
    ]
    verdict = ", **forbidden by a policy**" if report.exit == Exit.FORBIDDEN else ""
    changes = f"{', '.join(counts)} {'changes' if len(report.findings) == 1 else 'change'}"
    risk = "" if report.risk is Risk.NONE else f", {_risk(report.risk)}"
    return f"### `{report.stack}`: {changes}{risk}{verdict}"


def _risk(risk: Risk) -> str:
    return f"**{risk.word}**" if risk >= Risk.DESTRUCTIVE else risk.word


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _cause(report: Report) -> str:
    if not report.keys:
        return f"`{path_of(report.stack)}` is as on `{report.base}`: the cause is in code or in the world."
    if report.is_new:
        return f"`{path_of(report.stack)}` is new."
    lines = [line for key in report.keys for line in _key_lines(key)]
    diff = "\n".join(lines)
    return f"Because of `{path_of(report.stack)}`:\n\n{fenced(diff, 'diff')}"


def _key_lines(key: KeyChange) -> Iterator[str]:
    for sign, value in (("-", key.before), ("+", key.after)):
        if value is not None:
            first, *rest = f"{key.path}: {value}".split("\n")
            yield f"{sign} {first.rstrip()}"
            yield from (f"{sign} {line}" for line in rest)


def _policies(report: Report) -> str:
    lines = [
        f"- **{v.level}** [{v.policy.name}](../blob/HEAD/docs/policies.md#{v.policy.name}): `{v.subject}`: "
        f"{v.message}. {v.policy.fix}"
        for v in report.violations
    ]
    return "\n".join(["Policies:", "", *lines])


def _cost(report: Report) -> Iterator[str]:
    after, before = report.after, report.before
    if after is None:
        return
    now = between(after.low, after.high)
    if before is None:
        yield f"Cost a month: {now}, with the fewest and the most nodes."
    elif (before.low, before.high) != (after.low, after.high):
        yield f"Cost a month: {between(before.low, before.high)} → {now}, with the fewest and the most nodes."
    if lines := list(_model_costs(report)):
        yield "\n".join(["A month, by model:", "", *lines])
    if (gap := lacking(after)) and (before is None or before.missing != after.missing):
        yield gap


def _model_costs(report: Report) -> Iterator[str]:
    after = {line.name: line for line in (report.after.models if report.after else ())}
    before = {line.name: line for line in (report.before.models if report.before else ())}
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        then = between(old.low, old.high) if old else dollars(None) if report.before is None else "$0"
        now = between(new.low, new.high) if new else "$0"
        if report.before is None:
            yield f"- {name}: {now}"
        elif (old and (old.low, old.high)) != (new and (new.low, new.high)):
            yield f"- {name}: {then} → {now}"


def fenced(text: str, language: str = "") -> str:
    """Fence a text with more backticks than it holds."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _folded(lines: Sequence[str], stack: str, room: int) -> str:
    summary = f"The engine's diff, {counted(sum(not line.startswith(' ') for line in lines), 'resource')}"
    start, end = f"\n<details><summary>{summary}</summary>\n\n````\n", "\n````\n\n</details>\n"
    text = "\n".join(line.replace("````", "```") for line in lines)
    left = room - len(start) - len(end)
    if len(text) > left:
        cut = _CUT.format(stack=stack)
        if left < _LEAST_RAW:
            return f"\n{cut}\n" if room > len(cut) + 2 else ""
        whole_lines = text[: left - len(cut) - 1].rsplit("\n", 1)[0]
        text = f"{whole_lines}\n{cut}"
    return start + text + end


def _within(text: str, stack: str, limit: int, tail: str = "\n") -> str:
    """Cut what is too long even without the raw diff, as it is with thousands of changes."""
    if len(text) <= limit:
        return text
    end = f"\n\n{_CUT.format(stack=stack)}{tail}"
    return text[: limit - len(end)].rsplit("\n", 1)[0] + end

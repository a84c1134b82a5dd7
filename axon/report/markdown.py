"""A report as the Markdown of a comment."""

from collections.abc import Iterator, Sequence

from axon.cost.table import between, missing_prices
from axon.redact import masked, scrubbed
from axon.report.findings import Finding, Risk, counted
from axon.report.raw_diff import raw_diff
from axon.report.report import Exit, Report
from axon.stack_file import KeyChange, path_of

# The longest comment: https://github.com/orgs/community/discussions/27190
LIMIT = 65_536
_TRUNCATED = "… truncated to the length of a GitHub comment; `make preview STACK={stack}` shows everything"
_SHORTEST_DIFF = 200
_PROTECTED = (
    "The stack is protected. To keep the image repositories of a removed model, list them in "
    "`axon:images.keep`; to delete or replace protected resources, first set `axon:cluster.protected: false` "
    "in a separate change."
)


def marker(stack: str) -> str:
    """Return the line by which a later run finds the comment."""
    return f"<!-- axon:preview:{stack} -->"


def drift_marker(stack: str) -> str:
    """Return the line by which a later run finds the issue."""
    return f"<!-- axon:drift:{stack} -->"


def rows_of(findings: Sequence[Finding]) -> str:
    """Return the table of findings."""
    rows = [f"| {_cell(f.subject)} | {_cell(f.text)} | {_risk(f.risk)} |" for f in findings]
    return "\n".join(["| | change | risk |", "|---|---|---|", *rows])


def to_markdown(report: Report, limit: int = LIMIT) -> str:
    """Return the comment in at most `limit` characters: the diff is truncated first."""
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
    """Return the comment of a failed preview: its errors, with file and line."""
    text = scrubbed("\n".join(str(masked(error)) for error in errors), set(secrets))
    hint = (
        f"{_PROTECTED}\n\n"
        if any("because it is protected" in e or "marked for protection" in e for e in errors)
        else ""
    )
    body = f"### `{stack}`: preview failed\n\n{hint}{fenced(text)}\n"
    return _within(f"{marker(stack)}\n{body}", stack, limit, tail="\n```\n")


def _sections(report: Report) -> Iterator[str]:
    if not report.findings and not report.keys:
        yield f"### `{report.stack}`: no changes"
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
        return f"### `{report.stack}`: no infrastructure changes"
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
    verdict = ", **blocked by a policy**" if report.exit == Exit.FORBIDDEN else ""
    changes = f"{', '.join(counts)} {'changes' if len(report.findings) == 1 else 'change'}"
    risk = "" if report.risk is Risk.NONE else f", {_risk(report.risk)}"
    return f"### `{report.stack}`: {changes}{risk}{verdict}"


def _risk(risk: Risk) -> str:
    return f"**{risk.word}**" if risk >= Risk.DESTRUCTIVE else risk.word


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _cause(report: Report) -> str:
    file = f"`{path_of(report.stack)}`"
    if not report.keys:
        return f"{file} is the same as on `{report.base}`: the cause is a change of code, or drift."
    if report.is_new:
        return f"{file} is new."
    lines = [line for key in report.keys for line in _key_lines(key)]
    diff = "\n".join(lines)
    return f"Caused by {file}:\n\n{fenced(diff, 'diff')}"


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
        yield f"Monthly cost, minimum to maximum nodes: {now}."
    elif (before.low, before.high) != (after.low, after.high):
        yield f"Monthly cost, minimum to maximum nodes: {between(before.low, before.high)} → {now}."
    if lines := list(_model_costs(report)) if report.findings else []:
        yield "\n".join(["Monthly cost by model:", "", *lines])
    if (note := missing_prices(after)) and (before is None or before.missing != after.missing):
        yield note


def _model_costs(report: Report) -> Iterator[str]:
    after = {line.name: line for line in (report.after.models if report.after else ())}
    before = {line.name: line for line in (report.before.models if report.before else ())}
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        then = between(old.low, old.high) if old else "$0"
        now = between(new.low, new.high) if new else "$0"
        if report.before is None:
            yield f"- {name}: {now}"
        elif (old and (old.low, old.high)) != (new and (new.low, new.high)):
            yield f"- {name}: {then} → {now}"


def fenced(text: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _folded(lines: Sequence[str], stack: str, room: int) -> str:
    summary = f"Pulumi diff, {counted(sum(not line.startswith(' ') for line in lines), 'resource')}"
    start, end = f"\n<details><summary>{summary}</summary>\n\n````\n", "\n````\n\n</details>\n"
    text = "\n".join(line.replace("````", "```") for line in lines)
    left = room - len(start) - len(end)
    if len(text) > left:
        note = _TRUNCATED.format(stack=stack)
        if left < _SHORTEST_DIFF:
            return f"\n{note}\n" if room > len(note) + 2 else ""
        whole_lines = text[: left - len(note) - 1].rsplit("\n", 1)[0]
        text = f"{whole_lines}\n{note}"
    return start + text + end


def _within(text: str, stack: str, limit: int, tail: str = "\n") -> str:
    """Truncate a comment that is too long even without the diff, as with hundreds of models."""
    if len(text) <= limit:
        return text
    end = f"\n\n{_TRUNCATED.format(stack=stack)}{tail}"
    return text[: limit - len(end)].rsplit("\n", 1)[0] + end

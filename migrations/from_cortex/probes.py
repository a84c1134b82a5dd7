"""Probes of the container era, which are Kubernetes' own and similar to axon's."""

from typing import Any

from migrations.from_cortex.report import Fields, given, sequence
from migrations.from_cortex.values import texts, whole

_TIMES = {"initial_delay_seconds": "initial_delay", "period_seconds": "period", "timeout_seconds": "timeout"}
# Delay before SIGTERM, which applies to every container.
_DRAIN_SECONDS = 10
_IN_PLACE = (
    "runs in place of the 10 s in which the gateway learns that a replica ends: it has to take at least these"
)


def probe(fields: Fields, port: int | None) -> dict[str, Any]:
    """Return a probe of a container that listens on `port`; empty if there is no probe."""
    http, tcp, run = (fields.below(key) for key in ("http_get", "tcp_socket", "exec"))
    path = http.take("path", "/" if http.data else None)
    at = http.take("port")
    found = given(
        http=path,
        port=at if at != port else None,
        tcp=tcp.take("port"),
        command=texts(sequence(run.take("command"))),
        failures=fields.take("failure_threshold"),
        **{ours: _seconds(fields.take(theirs)) for theirs, ours in _TIMES.items()},
    )
    if (successes := fields.take("success_threshold")) and whole(successes, 1) > 1:
        found["successes"] = successes
    for each in (http, tcp, run, fields):
        each.rest()
    return found


def pre_stop(fields: Fields) -> dict[str, Any]:
    """Return the preStop hook; a sleep of up to 10 s is redundant."""
    fields.unmatched({"http_get": "has no match: give a command"})
    run = fields.below("exec")
    command = texts(sequence(run.take("command")))
    run.rest()
    fields.rest()
    if len(command) == 2 and command[0] == "sleep" and command[1].isdigit():
        return {"sleep": f"{command[1]}s"} if int(command[1]) > _DRAIN_SECONDS else {}
    if command:
        run.note("command", _IN_PLACE)
    return given(command=command)


def _seconds(value: Any) -> str | None:
    return f"{value}s" if whole(value, 0) else None

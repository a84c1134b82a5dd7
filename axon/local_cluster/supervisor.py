"""supervisord, which keeps the processes running: http://supervisord.org/configuration.html."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from axon.files import write_private
from axon.local_cluster.processes import Process
from axon.machine import LocalSettings
from axon.steps import StepFailed

BIN = Path(sys.executable).parent


def write(settings: LocalSettings, wanted: Sequence[Process]) -> None:
    """Write supervisord's configuration."""
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
    sections = [_daemon(settings), *(_program(settings, p, i) for i, p in enumerate(wanted))]
    _file(settings).parent.mkdir(parents=True, exist_ok=True)
    write_private(_file(settings), "\n".join(sections))


def start(settings: LocalSettings, *names: str) -> None:
    """Start supervisord if it does not run, and the processes with a changed section, or only these."""
    if not running(settings):
        _end_orphans(settings)
        command = [BIN / "supervisord", "-c", _file(settings)]
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if run.returncode:
            raise StepFailed(f"supervisord does not start: {run.stderr or run.stdout}")
        return
    control(settings, "update", *names)
    control(settings, "start", *(names or ["all"]))


def children(settings: LocalSettings) -> list[int]:
    """Return the processes that axon's supervisord has started, even if supervisord itself has ended.

    supervisord names its socket in their environment. Containers' shims inherit it from containerd, but
    outlive it on purpose and are not among them.
    """
    mark = f"SUPERVISOR_SERVER_URL=unix://{settings.run_dir}/supervisor.sock".encode()
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
            program = (folder / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if marked and not program.endswith(b"containerd-shim-runc-v2"):
            found.append(int(folder.name))
    return found


def _end_orphans(settings: LocalSettings) -> None:
    """End processes that a killed supervisord left running, since they hold the ports of the new ones."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        for pid in children(settings):
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        deadline = time.monotonic() + 10
        while children(settings) and time.monotonic() < deadline:
            time.sleep(0.1)


def running(settings: LocalSettings) -> bool:
    """Return True if axon's supervisord responds."""
    return control(settings, "pid").strip().isdigit()


def states(settings: LocalSettings) -> dict[str, str]:
    """Return the state of each process, in supervisord's words."""
    lines = control(settings, "status").splitlines() if running(settings) else []
    return {line.split()[0]: " ".join(line.split()[1:]) for line in lines if len(line.split()) > 1}


def stop(settings: LocalSettings, *names: str) -> None:
    """Stop some of the processes and wait until they have ended."""
    if running(settings):
        control(settings, "stop", *names)


def shutdown(settings: LocalSettings) -> None:
    """Stop every process, and supervisord itself."""
    pid = control(settings, "pid").strip()
    if not pid.isdigit():
        return
    control(settings, "shutdown")
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            raise StepFailed(f"supervisord ({pid}) did not end in 60 s; see {settings.data_dir}/logs")
        time.sleep(0.1)


def control(settings: LocalSettings, *words: str) -> str:
    """Run supervisorctl and return its output; empty if supervisord does not run."""
    if not _file(settings).exists():
        return ""
    command = [BIN / "supervisorctl", "-c", _file(settings), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _file(settings: LocalSettings) -> Path:
    return settings.data_dir / "config" / "supervisord.conf"


def _daemon(settings: LocalSettings) -> str:
    socket = settings.run_dir / "supervisor.sock"
    return f"""\
[unix_http_server]
file={socket}
chmod=0700
[supervisord]
pidfile={settings.run_dir}/supervisord.pid
logfile={settings.data_dir}/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
directory={settings.data_dir}
minfds=16384
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{socket}
"""


def _program(settings: LocalSettings, process: Process, order: int) -> str:
    command = " ".join(process.command).replace("%", "%%")
    # supervisord restarts a program only if its section differs, so the section has the configuration's hash.
    digest = hashlib.sha256(process.config.read_bytes()).hexdigest() if process.config else None
    config = f'environment=AXON_CONFIG="{digest}"\n' if digest else ""
    return f"""\
[program:{process.name}]
command={command}
{config}\
priority={order}
autorestart=true
startretries=1000000
stopwaitsecs=20
stdout_logfile={settings.data_dir}/logs/{process.name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
redirect_stderr=true
"""

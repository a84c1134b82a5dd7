"""pulumi-language-python for machines that have only the engine: what the engine runs Python programs with.

It is used where no official host is on PATH. The engine starts it, reads the port that it
prints, and speaks `LanguageRuntime` (pulumi/proto/language.proto) to it. Programs run in a process of
their own, with the interpreter of the project's virtual environment.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

PROGRAM = Path(__file__).with_name("program.py")
VERSION = "3.272.0"
# The program has said what is wrong: the engine adds nothing (the official host's own exit code).
SHOWN_TO_USER = 32


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers what the engine asks of a language."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._running: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, context: Any) -> Any:
        """Learn the engine's address."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Say which version this is."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def About(self, request: Any, context: Any) -> Any:
        """Say which Python runs the programs."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """Name the provider plugins that the program's packages need, from their own metadata."""
        python = interpreter(request.info)
        site = python.parents[1].glob("lib/python*/site-packages/*/pulumi-plugin.json")
        plugins = [json.loads(file.read_text()) for file in sorted(site)]
        packages = [
            plugin_pb2.PackageDependency(
                name=p["name"],
                version=p.get("version", ""),
                kind="resource",
                server=p.get("server", ""),
            )
            for p in plugins
            if p.get("resource")
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """Name no dependencies: `uv.lock` has them."""
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Any:
        """Leave the virtual environment to `make`, which locks it."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"run `make .venv`\n")

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """Ask nothing."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Stop the programs that run."""
        self.stop()
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program once, for a preview or an update."""
        python = interpreter(request.info)
        if not python.exists():
            return language_pb2.RunResponse(error=f"{python} is not there: run `make .venv`")
        program = subprocess.Popen(
            [python, "-u", PROGRAM],
            cwd=request.info.program_directory or request.pwd,
            env=_environment(request, self._engine),
            stdin=subprocess.PIPE,
        )
        self._running.add(program)
        try:
            program.communicate(_config(request))
        finally:
            self._running.discard(program)
        code = program.returncode
        if code == SHOWN_TO_USER:
            return language_pb2.RunResponse(bail=True)
        error = f"the program exited with code {code}" if code else ""
        return language_pb2.RunResponse(error=error)

    def stop(self) -> None:
        """Interrupt the programs that run."""
        for program in list(self._running):
            program.terminate()


def interpreter(info: Any) -> Path:
    """Return the Python of a program: of the `virtualenv` that Pulumi.yaml names, else of this host."""
    options = dict(info.options)
    folder = options.get("virtualenv")
    return Path(info.root_directory, folder, "bin/python") if folder else Path(sys.executable)


def _environment(request: Any, engine: str) -> dict[str, str]:
    """Return what program.py reads of its environment."""
    run = {
        "project": request.project,
        "stack": request.stack,
        "monitor": request.monitor_address,
        "engine": engine,
        "parallel": request.parallel,
        "dry_run": request.dryRun,
        "organization": request.organization or "organization",
        "root": request.info.root_directory,
        "entry": request.info.entry_point,
    }
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "AXON_PROGRAM": json.dumps(run),
    }


def _config(request: Any) -> bytes:
    """Return what program.py reads of its input: as a variable, as in the official host, it ends at 128 KiB.

    https://man7.org/linux/man-pages/man2/execve.2.html
    """
    return json.dumps([dict(request.config), list(request.configSecretKeys)]).encode()


def main() -> None:
    """Serve until the engine ends this process, or is killed itself."""
    engine = os.getppid()
    host = Host(sys.argv[-1] if len(sys.argv) > 1 else "")
    limits = [
        ("grpc.max_receive_message_length", 400 << 20),
        ("grpc.max_send_message_length", 400 << 20),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(1) and os.getppid() == engine:
        pass
    host.stop()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()

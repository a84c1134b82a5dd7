"""pulumi-language-python for machines that have only the engine: the server through which it runs Python
programs.

It is used if no official host is on PATH. The engine starts it, reads the port that it prints, and speaks
`LanguageRuntime` (pulumi/proto/language.proto) to it. Programs run in a process of their own, with the
interpreter of the project's virtual environment.
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
# The program has reported the error, so the engine adds nothing (the official host's own exit code).
SHOWN_TO_USER = 32


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """Server for the engine's requests to a language."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._running: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, context: Any) -> Any:
        """Store the engine's address."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Return this host's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def About(self, request: Any, context: Any) -> Any:
        """Return the Python that runs the programs."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """Return the provider plugins that the program's packages need, from the packages' metadata."""
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
        """Return no dependencies, since `uv.lock` has them."""
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Any:
        """Do nothing: `make` creates the virtual environment from the lock file."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"run `make .venv`\n")

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """Return no prompts."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Stop the running programs."""
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
        """Interrupt the running programs."""
        for program in list(self._running):
            program.terminate()


def interpreter(info: Any) -> Path:
    """Return the Python of a program: that of the `virtualenv` in Pulumi.yaml, or that of this host."""
    options = dict(info.options)
    folder = options.get("virtualenv")
    return Path(info.root_directory, folder, "bin/python") if folder else Path(sys.executable)


def _environment(request: Any, engine: str) -> dict[str, str]:
    """Return the environment variables that program.py reads."""
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
    """Return the input that program.py reads. A variable, which the official host uses, is limited to 128
    KiB.

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

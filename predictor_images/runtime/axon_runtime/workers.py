"""Several processes in a replica: a parent that starts workers, replaces dead ones, and ends with them.

Workers are new interpreters, not forks: user code and native libraries may have threads, which a fork breaks.
Each has its own socket on the port (SO_REUSEPORT): the kernel spreads connections over them, while with a
shared socket the first process to be scheduled takes a whole burst.

uvicorn's own supervisor opens the port for the first worker that is ready, endlessly restarts a worker that
dies while loading, and leaves workers behind when it is killed.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from axon_runtime.config import Config
from axon_runtime.logs import log
from axon_runtime.places import Places
from axon_runtime.port import PortError, bind_management, reserve

# A worker that dies within this time died early; several consecutive early deaths end the replica.
_STEADY_SECONDS = 5
_EARLY_ENDS = 3
# A worker whose event loop is dead for so long is killed, as the liveness probe does for a single process.
_SILENT_SECONDS = 60
# Time for workers to end, in addition to their own grace period.
_SPARE_SECONDS = 1


def run(config: Config) -> int:
    """Serve with several processes until SIGTERM, and return the exit code."""
    with ExitStack() as stack:
        try:
            stack.enter_context(reserve(config.port))
            management = stack.enter_context(bind_management(config.management_port, config.port))
        except PortError as error:
            log("error", str(error))
            return 1
        folder = stack.enter_context(_folder(config.port))
        # prometheus_client reads it when it is imported, here and in workers, and keeps counts in the folder.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        return asyncio.run(_Workers(config, folder).run(management))


@contextmanager
def _folder(port: int) -> Iterator[Path]:
    """Create an empty folder for the processes' shared files: a killed replica may have left its own."""
    folder = Path(tempfile.gettempdir(), f"axon-{os.getuid()}-{port}")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class _Workers:
    def __init__(self, config: Config, folder: Path) -> None:
        from prometheus_client import CollectorRegistry, Counter

        self._config, self._count = config, config.limits.processes_per_replica
        self._file = folder / "places"
        Places.create(self._file, self._count)
        self._places = Places(self._file, config.limits.most)
        restarts = "Workers that died and were replaced"
        self._restarts = Counter("axon_worker_restarts", restarts, ["model"], registry=CollectorRegistry())
        self._restarts.labels(config.name)
        self._running: dict[int, Process] = {}
        self._loaded: dict[int, asyncio.StreamWriter] = {}
        self._serving_since: dict[int, float] = {}
        self._open = self._ending = self._failed = False

    async def run(self, management: socket.socket) -> int:
        """Keep all workers running until SIGTERM, or until restarts are useless."""
        self._management_port = management.getsockname()[1]
        from prometheus_client import CollectorRegistry

        from axon_runtime.management import Management, served
        from axon_runtime.metrics import page

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end)
        watching = asyncio.create_task(self._watch())
        # A hung worker is replaced, so the replica is live as long as this process responds.
        probes = Management(lambda: page(CollectorRegistry()), self._not_ready, lambda: None)
        with served(probes, management):
            codes = await asyncio.gather(*map(self._keep, range(self._count)))
        watching.cancel()
        return int(self._failed or any(codes))

    async def _keep(self, index: int) -> int:
        """Run a worker and its replacements until the replica ends; return the last exit code."""
        early = 0
        while True:
            code, seconds = await self._live(index)
            if self._ending:
                return 0 if code == -signal.SIGTERM else code  # the worker was still loading
            early = early + 1 if seconds < _STEADY_SECONDS else 0
            if early == _EARLY_ENDS or not (self._open or code < 0):
                times = f", {early} times in a row" if early > 1 else ""
                self._end(f"worker {index} ended by {_cause(code)} as it started{times}")
                return code
            self._restarts.labels(self._config.name).inc()
            log("error", f"worker {index} ended by {_cause(code)}: it is replaced", model=self._config.name)

    async def _watch(self) -> None:
        """Kill workers with a dead event loop or a hung call, so that they are replaced."""
        while not self._ending:  # a worker that is ending sends no heartbeat
            for index, process in self._running.items():
                if reason := self._dead(index):
                    log("error", f"worker {index} {reason}", model=self._config.name)
                    process.kill()
            await asyncio.sleep(1)

    def _dead(self, index: int) -> str | None:
        if (seconds := self._places.silent(index)) > _SILENT_SECONDS:
            return f"has been silent for {seconds:.0f} s"
        if (seconds := self._places.oldest_call(index)) > self._config.hung:
            return f"has run one call for {seconds:.0f} s"
        return None

    def _not_ready(self) -> str | None:
        if self._ending:
            return "ending"
        return None if any(map(self._places.turns, self._serving_since)) else "loading"

    async def _live(self, index: int) -> tuple[int, float]:
        """Run a worker, and return its exit code and the seconds for which it served."""
        ours, theirs = socket.socketpair()
        with theirs:
            words = [str(index), str(os.getpid()), str(theirs.fileno()), str(self._file)]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "axon_runtime.worker", *words, pass_fds=[theirs.fileno()]
            )
        self._running[index] = process
        if self._ending:
            process.terminate()
        reader, writer = await asyncio.open_connection(sock=ours)
        hearing = asyncio.create_task(self._hear(index, reader, writer))
        code = await process.wait()
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        writer.close()
        self._forget(index, process.pid)
        return code, time.monotonic() - self._serving_since.pop(index, time.monotonic())

    def _forget(self, index: int, pid: int) -> None:
        """Release the permits of a dead worker."""
        from prometheus_client.multiprocess import mark_process_dead

        del self._running[index]
        self._loaded.pop(index, None)
        self._places.clear(index)
        mark_process_dead(pid)

    async def _hear(self, index: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Receive the report of a worker: ready, or the reason for a failure."""
        line = (await reader.readline()).decode().rstrip("\n")
        if line == "ready":
            self._loaded[index] = writer
            self._serve()
        elif line and self._open:
            log("error", line, model=self._config.name)
            self._running[index].kill()
        elif line:
            self._end(line)

    def _serve(self) -> None:
        """Let the loaded workers serve: initially all together."""
        if not self._open and len(self._loaded) < self._count:
            return
        if not self._open:
            log(
                "info",
                "ready",
                model=self._config.name,
                port=self._config.port,
                management_port=self._management_port,
                processes=self._count,
            )
        self._open = True
        for index, writer in self._loaded.items():
            writer.write(b"s")
            self._serving_since[index] = time.monotonic()
        self._loaded.clear()

    def _end(self, failure: str | None = None) -> None:
        """End all workers: those that serve complete their requests in flight."""
        if self._ending:
            return
        self._ending, self._failed = True, failure is not None
        if failure:
            log("error", failure)
        self._signal(signal.SIGTERM)
        patience = self._config.grace + _SPARE_SECONDS
        asyncio.get_running_loop().call_later(patience, self._signal, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"

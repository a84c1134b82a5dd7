"""Run one Pulumi program in this process, which host.py starts with the project's own Python."""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pulumi.runtime
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import Settings, configure

SHOWN_TO_USER = 32


def _configure(run: dict[str, Any]) -> None:
    configure(
        Settings(
            project=run["project"],
            stack=run["stack"],
            monitor=run["monitor"],
            engine=run["engine"],
            parallel=run["parallel"],
            dry_run=run["dry_run"],
            organization=run["organization"],
            root_directory=run["root"],
        )
    )


def _entry(run: dict[str, Any]) -> str:
    program = Path.cwd() / (run["entry"] or ".")
    return str(program / "__main__.py" if program.is_dir() else program)


def _program(entry: str) -> None:
    runpy.run_path(entry, run_name="__main__")


def _run(entry: str, parallel: int) -> int:
    loop = asyncio.new_event_loop()
    # The SDK's own host allows four threads per parallel operation.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(parallel, 1) * 4))
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _program(entry)))
    except pulumi.RunError as error:
        # If the engine ends because a resource failed, the SDK reports it too: the cause is shown already.
        if not str(error).startswith("Resource monitor has terminated"):
            pulumi.log.error(str(error))
        return SHOWN_TO_USER
    except grpc.RpcError as error:
        # The engine is ending and has reported the reason.
        if error.code() == grpc.StatusCode.UNAVAILABLE:  # pyright: ignore
            return SHOWN_TO_USER
        raise
    except Exception:
        pulumi.log.error(f"the program raised an exception:\n{traceback.format_exc()}")
        return SHOWN_TO_USER
    finally:
        _settle(loop)
    return 0


def _settle(loop: asyncio.AbstractEventLoop) -> None:
    """Finish the open calls of a failed program, so that its last messages reach the engine."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.close()


def main() -> None:
    """Run the program that the environment describes, with the config on standard input."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    run: dict[str, Any] = json.loads(os.environ.pop("AXON_PROGRAM"))
    sys.path.insert(0, os.getcwd())
    _configure(run)
    set_all_config(*json.load(sys.stdin))
    # Worker threads may wait for an engine that is gone: do not wait for them in turn.
    code = _run(_entry(run), run["parallel"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

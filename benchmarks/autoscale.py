"""Time of the autoscaler to follow a step of load, up and down: `python -m benchmarks.autoscale`.

On the cluster that `make up` has started, requests for three replicas start at once while there is one, and
end when the three are ready. Autoscaling has its defaults, except for the target and the maximum.
"""

import asyncio
import json
import tempfile
import time
import uuid
from pathlib import Path

from tests.sleeper import MODEL, deploy, keep_asking, until_replicas
from tests.stacks import Stack, beside_local, kubectl, stack


def wanted(live: Stack) -> int:
    """Return the number of replicas that the autoscaler requests."""
    found = json.loads(kubectl("get", "hpa", "-n", live.namespace, "-o", "json"))["items"]
    return next(
        (one["status"].get("desiredReplicas", 0) for one in found if MODEL in one["metadata"]["name"]), 0
    )


async def until_wanted(live: Stack, count: int) -> float:
    """Wait until the autoscaler requests a number of replicas, and return the seconds."""
    start = time.monotonic()
    while await asyncio.to_thread(wanted, live) != count:
        await asyncio.sleep(0.25)
    return time.monotonic() - start


async def steps(live: Stack, url: str) -> dict[str, float]:
    """Return the seconds of each step."""
    ended = asyncio.Event()
    asking = [asyncio.create_task(keep_asking(url, ended)) for _ in range(6)]
    asked, ready = await asyncio.gather(until_wanted(live, 3), until_replicas(live, 3, 300))
    ended.set()
    codes = [status for found in await asyncio.gather(*asking) for status in found]
    down = await until_replicas(live, 1, 1200)
    failed = sum(status != 200 for status in codes)
    return {
        "all three asked for after": asked,
        "all three ready after": ready,
        "one again after the load has ended, in": down,
        "failed requests": failed,
    }


def main() -> None:
    """Print a table."""
    name = f"bench-{uuid.uuid4().hex[:6]}"
    settings = {**beside_local(name), "models": {}}
    with (
        tempfile.TemporaryDirectory(prefix="axon-autoscale-") as root,
        stack(Path(root) / "axon", name, settings) as live,
    ):
        url = deploy(live, max_replicas=3, target_in_flight=2)
        asyncio.run(until_replicas(live, 1, 120))
        found = asyncio.run(steps(live, url))
    print("| step | s |\n|---|---|")
    for what, seconds in found.items():
        print(f"| {what} | {seconds:.0f} |")


if __name__ == "__main__":
    main()

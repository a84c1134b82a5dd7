"""The model without a server: `python bare.py MODEL ROW SECONDS` predicts one row again and again.

It writes a line after its first prediction, and its figures as JSON at the end.
"""

import json
import sys
import time

import joblib


def main(model: str, row: list[float], seconds: float) -> None:
    """Load the model as an application would, and call it."""
    estimator = joblib.load(model)
    estimator.predict([row])
    print("loaded", flush=True)
    taken: list[float] = []
    began = last = time.perf_counter()
    while last - began < seconds:
        estimator.predict([row])
        now = time.perf_counter()
        taken.append(now - last)
        last = now
    taken.sort()
    p50, p99 = (taken[int(len(taken) * part)] * 1000 for part in (0.5, 0.99))
    print(json.dumps({"requests": len(taken) / (last - began), "p50": p50, "p99": p99}), flush=True)
    sys.stdin.read()  # it stays, to be measured


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3]))

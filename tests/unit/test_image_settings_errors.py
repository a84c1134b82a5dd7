"""Wrong settings of images of one's own: one line an error, with its place and what would be right."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_pod_settings_errors import IMAGE, beside, said

# the settings of a model, and the whole of what is said of them, after `axon:models.iris.`
WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"predictor": {**IMAGE, "probe_timeout": "0s"}},
        'predictor.probe_timeout: "0s" is less than 1s, the least allowed',
    ),
    ({"predictor": {**IMAGE, "readiness": "/ok"}}, 'predictor.readiness: "/ok" is not a mapping of keys'),
    (
        {"predictor": {**IMAGE, "readiness": {"period": "1s"}}},
        "predictor.readiness: needs one of `http`, `tcp`, `grpc`, `command`",
    ),
    (
        {"predictor": {**IMAGE, "liveness": {}}},
        "predictor.liveness: needs one of `http`, `tcp`, `grpc`, `command`",
    ),
    (
        {"predictor": {**IMAGE, "readiness": {"http": "/ok", "tcp": 8080}}},
        "predictor.readiness.tcp: stands beside `http`: give one of them",
    ),
    (
        {"predictor": {**IMAGE, "readiness": {"tcp": 8080, "port": 9000}}},
        "predictor.readiness.port: is of `http`, and there is none",
    ),
    (
        {"predictor": {**IMAGE, "readiness": {"tcp": "8080"}}},
        'predictor.readiness.tcp: "8080" is not a whole number',
    ),
    (
        {"predictor": {**IMAGE, "readiness": {"command": "ls"}}},
        'predictor.readiness.command: "ls" is not a list',
    ),
    (
        {"predictor": {**IMAGE, "readiness": {"http": "/ok", "sucesses": 2}}},
        "predictor.readiness.sucesses: unknown key (try successes)",
    ),
    (
        {"predictor": {**IMAGE, "liveness": {"tcp": 8080, "successes": 2}}},
        "predictor.liveness.successes: unknown key (known: command, failures, grpc, http, initial_delay, "
        "period, port, service, tcp, timeout)",
    ),
    (
        {"predictor": {**IMAGE, "liveness": {"tcp": 8080, "period": "500ms"}}},
        'predictor.liveness.period: "500ms" is less than 1s, the least allowed',
    ),
    (
        {"predictor": {**IMAGE, "liveness": {"tcp": 8080, "period": "1500ms"}}},
        'predictor.liveness.period: "1500ms" is not a whole number of seconds (try 2s)',
    ),
    (
        {"predictor": {**IMAGE, "startup": {"failures": 0}}},
        "predictor.startup.failures: 0 is less than 1, the least allowed",
    ),
    (
        {"predictor": {**IMAGE, "startup": {"initial_delay": "2h"}}},
        "predictor.startup.initial_delay: 2h is more than 1h, the most allowed",
    ),
    (
        {"predictor": {**IMAGE, "readiness_path": "/ok", "readiness": {"tcp": 8080}}},
        "predictor.readiness_path: is the short form of `readiness`: give one of them",
    ),
    (
        {"predictor": {**IMAGE, "liveness_path": "/ok", "liveness": {"tcp": 8080}}},
        "predictor.liveness_path: is the short form of `liveness`: give one of them",
    ),
    (
        {"predictor": {**IMAGE, "pre_stop": {}}},
        "predictor.pre_stop: needs `sleep` or `command`: one of them",
    ),
    (
        {"predictor": {**IMAGE, "pre_stop": {"sleep": "5s"}}},
        'predictor.pre_stop.sleep: "5s" is less than 10s, in which the gateway learns that a replica ends',
    ),
    (
        {"predictor": {**IMAGE, "grace_period": "10s"}},
        "predictor.grace_period: 10s is not more than the 10s that pass before it is told to end",
    ),
    (
        {"predictor": {**IMAGE, "protocol": "grpc"}},
        'predictor.protocol: "grpc" is not known (try http1 or h2c)',
    ),
    (
        {"predictor": {**IMAGE, "metrics_port": 9102}},
        "predictor.metrics_port: is of `metrics_path`, and there is none (try metrics_path: /metrics)",
    ),
    (
        {"predictor": {**IMAGE, "image_pull_secrets": ["My_Secret"]}},
        'predictor.image_pull_secrets.0: "My_Secret" is not the name of a Kubernetes object',
    ),
    (
        {"predictor": {**IMAGE, "port": 15080}},
        "predictor.port: 15080 is the port of axon's own proxy: take another",
    ),
    (
        {"server": {"max_queue_length": 5}},
        "server.max_queue_length: waits for `max_concurrency`, which has to be given as well",
    ),
    (
        {"predictor": {**IMAGE, "stream_idle_timeout": "1m"}, "server": {"request_timeout": "1m"}},
        "server.request_timeout: does not hold with `predictor.stream_idle_timeout`: leave one of them out",
    ),
    *(
        (
            {"server": {key: value}},
            f"server.{key}: is of axon's own runtime: of an image only max_concurrency, max_queue_length, "
            "max_body_size, request_timeout can be set",
        )
        for key, value in (
            ("max_batch_size", 8),
            ("batch_interval", "1ms"),
            ("processes_per_replica", 2),
            ("threads_per_process", 2),
            ("log_requests", True),
        )
    ),
    (
        {"autoscaling": {"wake_timeout": "1m"}},
        "autoscaling.wake_timeout: is of a model that sleeps (`min_replicas: 0`)",
    ),
    (
        {"autoscaling": {"min_replicas": 0, "wake_timeout": "0s"}},
        'autoscaling.wake_timeout: "0s" is less than 1s, the least allowed',
    ),
    (
        beside(readiness={"http": "/ok"}),
        "predictor.containers.0.readiness.port: is required: the container has no `port`",
    ),
    (
        beside(startup={"failures": 5}),
        "predictor.containers.0.startup: needs one of `http`, `tcp`, `grpc`, `command`, or `readiness` "
        "beside it",
    ),
    (
        beside(name="admission"),
        'predictor.containers.0.name: "admission" is the name of another container of the replica',
    ),
]
# `axon:images`
WRONG_IMAGES: list[tuple[dict[str, Any], str]] = [
    ({"pull_secrets": "mine"}, 'pull_secrets: "mine" is not a list'),
    ({"pull_secrets": ["a", "a"]}, 'pull_secrets: "a" stands twice'),
    ({"pull_secrets": ["A"]}, 'pull_secrets.0: "A" is not the name of a Kubernetes object'),
]


@pytest.mark.parametrize(("model", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_image_is_one_line(stack_file: Path, model: dict[str, Any], message: str) -> None:
    assert said(stack_file, model) == [f"models.iris.{message}"]


@pytest.mark.parametrize(("images", "message"), WRONG_IMAGES, ids=[message for _, message in WRONG_IMAGES])
def test_wrong_images_are_one_line(stack_file: Path, images: dict[str, Any], message: str) -> None:
    assert said(stack_file, {}, images=images) == [f"images.{message}"]

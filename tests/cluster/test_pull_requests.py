"""A team's way: a branch edits the stack file, its comment is read, it is merged, and the world follows."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from axon.report.report import Exit
from tests.conftest import ONE, SMALL
from tests.stacks import PROJECT, Stack, of_file

pytestmark = pytest.mark.cluster
MODEL = "petals"
SAMPLE = {"petal_length": 4.4}


class Repository:
    """The project of a stack as a git repository, whose main branch is deployed."""

    def __init__(self, live: Stack) -> None:
        self.live = live
        (live.folder / "policies").symlink_to(PROJECT / "policies")
        self.git("init", "-q", "-b", "main")
        self.commit()

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
        subprocess.run(["git", *who, *words], cwd=self.live.folder, check=True, capture_output=True)

    def commit(self) -> None:
        self.live.write()
        self.git("add", f"stacks/Pulumi.{self.live.name}.yaml")
        self.git("commit", "-q", "--allow-empty", "-m", "edit the stack")

    def propose(self, branch: str) -> tuple[int, str]:
        """Do what the pull request's workflow does; return how it ends, and the comment."""
        self.git("checkout", "-q", "-b", branch)
        self.commit()
        comment = self.live.folder / "comment.md"
        report = ["-m", "axon", "report", "--stack", self.live.name, "--base", "main"]
        run = self.python(*report, "--output", str(comment))
        assert comment.exists(), run.stderr
        return run.returncode, comment.read_text()

    def merge(self, branch: str) -> None:
        """Merge, and do what the deployment's workflow does."""
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--no-ff", "-m", f"merge {branch}", branch)
        images = self.python("-m", "axon", "images", "--stack", self.live.name)
        assert images.returncode == 0, images.stdout + images.stderr
        self.live.up()

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        python = str(self.live.folder / ".venv/bin/python")
        return subprocess.run(
            [python, *words],
            cwd=self.live.folder,
            env=self.live.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def close(self) -> None:
        (self.live.folder / "policies").unlink()


@pytest.fixture
def repository(live: Stack) -> Iterator[Repository]:
    made = Repository(live)
    yield made
    made.close()


def until(url: str, status: int) -> httpx.Response:
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.post(url, json=SAMPLE, timeout=30)
        if answer.status_code == status:
            return answer
        assert time.monotonic() < deadline, f"{answer.status_code} {answer.text}"
        time.sleep(0.2)


def test_a_model_comes_and_goes_by_pull_requests(live: Stack, repository: Repository) -> None:
    endpoint = f"/{live.name}/{MODEL}"
    model = {
        "predictor": {"type": "python", "path": "predictors/species", "config": {"limits": [2.5, 4.8]}},
        "compute": dict(SMALL),
        "autoscaling": dict(ONE),
        "networking": {"endpoint": endpoint},
    }
    live.settings["models"][MODEL] = model
    code, comment = repository.propose("add-petals")

    assert code == Exit.SAFE
    assert comment.splitlines()[:6] == [
        f"<!-- axon:preview:{live.name} -->",
        f"### `{live.name}`: 1 model changes",
        "",
        "| | change | risk |",
        "|---|---|---|",
        f"| {MODEL} | new, at {endpoint}, 1 replica | none |",
    ]
    assert f"+ axon:models.{MODEL}:" in comment
    repository.merge("add-petals")
    url = live.endpoints()[MODEL]
    assert until(url, 200).json() == {"species": "versicolor"}

    del live.settings["models"][MODEL]
    code, comment = repository.propose("remove-petals")

    assert code == Exit.DESTRUCTIVE
    assert f"| {MODEL} | removed: {endpoint} stops responding | **destructive** |" in comment
    repository.merge("remove-petals")
    until(url, 404)


def test_a_mistake_is_in_the_comment_with_its_place(live: Stack, repository: Repository) -> None:
    live.settings["models"]["species"]["compute"] = {"cpu": "200mm"}

    code, comment = repository.propose("mistake")

    assert code == Exit.FAILED
    assert f"### `{live.name}`: preview failed" in comment
    (line,) = [line for line in comment.splitlines() if "200mm" in line]
    file, number, rest = line.split(":", 2)
    assert file == f"stacks/Pulumi.{live.name}.yaml"
    assert "200mm" in Path(live.folder / file).read_text().splitlines()[int(number) - 1]
    assert rest == ' axon:models.species.compute.cpu: "200mm" is not a Kubernetes quantity (try 200m)'


def test_a_pull_request_has_a_stack_of_its_own_beside_the_environment(
    live: Stack, repository: Repository
) -> None:
    own = Stack(live.folder, f"pr-{live.name}", {})

    written = repository.python("-m", "axon", "ephemeral", "--stack", live.name, "--name", own.name)

    assert written.returncode == 0, written.stderr
    own.settings = of_file(own.name, own.file.parent)
    own.pulumi("stack", "init")
    try:
        own.up()
        url = own.endpoints()["species"]
        assert url.endswith(f"/{own.name}/{live.name}/species")
        assert until(url, 200).json() == {"species": "versicolor"}
        said = repository.python("-m", "axon", "endpoints", "--stack", own.name).stdout
        assert f"| species | {url} | 1 |" in said
    finally:
        own.pulumi("destroy", "--yes", "--skip-preview")
        own.pulumi("stack", "rm", "--yes")
    until(live.endpoints()["species"], 200)

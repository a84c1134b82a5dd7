"""No role for GitHub's jobs where GitHub would let others take it than those whom it is meant for."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from axon.environments.protection import check_protection
from axon.github import GithubError, Repository
from stacks.settings.bootstrap import Bootstrap

SETTINGS = Bootstrap.model_validate(
    {
        "account": "111122223333",
        "region": "eu-west-1",
        "environments": ["dev"],
        "github": {"repository": "me/models", "owner_id": 1, "repository_id": 2, "ephemeral": ["dev"]},
    }
)
SELECTED = {"protected_branches": False, "custom_branch_policies": True}
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}
# As https://docs.github.com/en/rest/deployments/environments and …/branch-policies answer.
GUARDED: dict[str, Any] = {
    "": {"id": 2, "owner": {"id": 1}},
    "environments/dev": {"name": "dev", "deployment_branch_policy": SELECTED, "protection_rules": []},
    "environments/dev/deployment-branch-policies": {"branch_policies": [{"name": "main"}]},
    "environments/dev-drift": {"name": "dev-drift", "deployment_branch_policy": PROTECTED},
    "environments/dev-preview": {"name": "dev-preview", "deployment_branch_policy": None},
    "environments/dev-ephemeral": {
        "name": "dev-ephemeral",
        "deployment_branch_policy": None,
        "protection_rules": [{"type": "required_reviewers"}],
    },
    "branches/main": {"name": "main", "protected": True},
}


@pytest.fixture
def github() -> Iterator[tuple[dict[str, Any], Repository]]:
    """What GitHub answers, by the path below the repository; anything else is not there."""
    answers = dict(GUARDED)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.removeprefix("/repos/me/models").lstrip("/"))
            text = json.dumps(found or {"message": "Not Found"}).encode()
            self.send_response(200 if found else 404)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield answers, Repository("me/models", "t0ken", f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def test_environments_that_are_guarded_pass(github: tuple[dict[str, Any], Repository]) -> None:
    check_protection(github[1], SETTINGS)


def test_an_account_without_github_asks_nobody() -> None:
    nowhere = Repository("me/models", "t0ken", "http://127.0.0.1:1")

    check_protection(nowhere, SETTINGS.model_copy(update={"github": None}))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"environments/dev": None}, "dev: no such environment"),
        ({"environments/dev-preview": None}, "dev-preview: no such environment"),
        (
            {"environments/dev": {"deployment_branch_policy": None}},
            "dev: every branch can use it (set Deployment branches: Selected, `main`)",
        ),
        (
            {
                "environments/dev/deployment-branch-policies": {
                    "branch_policies": [{"name": "main"}, {"name": "feature/*"}]
                }
            },
            "dev: branch feature/* can also use it (allow only the branch `main`)",
        ),
        (
            {
                "environments/dev/deployment-branch-policies": {
                    "branch_policies": [{"name": "main", "type": "tag"}]
                }
            },
            "dev: tag main can also use it",
        ),
        (
            {"branches/main": {"name": "main", "protected": False}},
            "dev-drift: allows protected branches, but main is not protected",
        ),
        (
            {"environments/dev-ephemeral": {"protection_rules": []}},
            "dev-ephemeral: its jobs need no approval",
        ),
        ({"": {"id": 3, "owner": {"id": 1}}}, "repository_id must be 3, not 2"),
        ({"": None}, "me/models: not found, or the token cannot read it"),
    ],
    ids=str,
)
def test_an_environment_that_lets_in_others_is_refused(
    github: tuple[dict[str, Any], Repository], changed: dict[str, Any], said: str
) -> None:
    answers, repository = github
    answers.update(changed)

    with pytest.raises(GithubError) as refused:
        check_protection(repository, SETTINGS)

    first, *found = str(refused.value).splitlines()
    assert first == "me/models on GitHub is not ready for AWS roles:"
    assert len(found) == 1
    assert said in found[0]

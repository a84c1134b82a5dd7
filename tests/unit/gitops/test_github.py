"""One comment a stack, one issue a stack: made once, edited from then on, found on any page."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from axon.github import WORKFLOWS, GithubError, Repository

REPORT = "<!-- axon:preview:dev -->\n### `dev`: 1 model changes\n"
DRIFT = "<!-- axon:drift:dev -->\n### `dev` has drifted\n"


class Github:
    """As much of GitHub as is asked of it: comments of pull request 7, and issues."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.login = WORKFLOWS

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        place = path.removeprefix("/repos/me/models/")
        things = self.comments if "comments" in place else self.issues
        if place == "/user":
            return 200, {"login": self.login}
        if method == "GET":
            state = query.get("state", ["all"])[0]
            found = [one for one in things if state in ("all", one.get("state", "open"))]
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, found[(page - 1) * size : page * size]
        if method == "POST":
            number = len(things) + 1
            things.append(
                {"id": number, "number": number, "html_url": f"https://x/{number}", "state": "open"}
            )
            things[-1] |= {"user": {"login": self.login}, **body}
            return 201, things[-1]
        number = int(place.rsplit("/", 1)[1])
        things[number - 1] |= body
        return 200, things[number - 1]


@pytest.fixture
def github() -> Iterator[tuple[Github, Repository]]:
    double = Github()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            double.tokens.add(self.headers["authorization"])
            if "other" in parts.path:
                status, answer = 404, {"message": "Not Found"}
            else:
                status, answer = double.answer(self.command, parts.path, parse_qs(parts.query), body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _any

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield double, Repository("me/models", "t0ken", f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_later_push_edits_the_same_comment(github: tuple[Github, Repository]) -> None:
    double, repository = github
    double.comments += [
        {"id": n + 1, "user": {"login": "ann"}, "body": f"a person's {n}"} for n in range(130)
    ]

    first = repository.comment(7, REPORT)
    second = repository.comment(7, REPORT.replace("1 model changes", "nothing changes"))

    assert first == second
    assert len(double.comments) == 131
    assert "nothing changes" in double.comments[-1]["body"]
    assert double.tokens == {"Bearer t0ken"}


def test_each_stack_has_a_comment_of_its_own(github: tuple[Github, Repository]) -> None:
    double, repository = github

    repository.comment(7, REPORT)
    repository.comment(7, REPORT.replace("dev", "prod"))

    assert len(double.comments) == 2


def test_drift_is_one_issue_which_is_closed_when_it_is_gone(github: tuple[Github, Repository]) -> None:
    double, repository = github

    repository.issue("dev has drifted", DRIFT)
    repository.issue("dev has drifted", DRIFT)
    assert [issue["state"] for issue in double.issues] == ["open"]

    assert repository.close(DRIFT)
    assert [issue["state"] for issue in double.issues] == ["closed"]
    assert repository.close(DRIFT) is None

    repository.issue("dev has drifted", DRIFT)
    assert [issue["state"] for issue in double.issues] == ["closed", "open"]


@pytest.mark.parametrize(
    "author", [{"login": "mallory"}, {"login": "github-actions"}, {"login": "other-app[bot]"}, None]
)
def test_a_comment_of_somebody_else_stays_as_it_is(
    github: tuple[Github, Repository], author: dict[str, str] | None
) -> None:
    double, repository = github
    theirs = {"id": 1, "user": author, "body": f"{REPORT}Approved, merge at once."}
    double.comments.append(dict(theirs))

    repository.comment(7, REPORT)
    repository.comment(7, REPORT)

    assert double.comments[0] == theirs
    assert [comment["body"] for comment in double.comments[1:]] == [REPORT]


def test_only_a_whole_marker_is_one(github: tuple[Github, Repository]) -> None:
    double, repository = github
    ours = {"id": 1, "user": {"login": WORKFLOWS}}
    double.comments += [
        {**ours, "body": f"> {REPORT}"},
        {**ours, "id": 2, "body": "<!-- axon:preview:dev --> quoted"},
        {**ours, "id": 3, "body": None},
    ]
    before = [dict(comment) for comment in double.comments]

    repository.comment(7, REPORT)

    assert double.comments[:3] == before
    assert double.comments[3]["body"] == REPORT


@pytest.mark.parametrize(
    "theirs",
    [
        {"user": {"login": "mallory"}, "pull_request": {"url": "https://x"}},
        {"user": {"login": WORKFLOWS}, "pull_request": {"url": "https://x"}},
        {"user": {"login": "mallory"}},
    ],
)
def test_an_issue_or_pull_request_that_looks_like_drift_is_left_alone(
    github: tuple[Github, Repository], theirs: dict[str, Any]
) -> None:
    double, repository = github
    double.issues.append(
        {"number": 1, "html_url": "https://x/1", "state": "open", "title": "dev has drifted", "body": DRIFT}
        | theirs
    )
    before = dict(double.issues[0])

    assert repository.close(DRIFT) is None
    repository.issue("dev has drifted", DRIFT)
    repository.close(DRIFT)

    assert double.issues[0] == before
    assert [issue["state"] for issue in double.issues] == ["open", "closed"]


@pytest.mark.parametrize(
    ("token", "login", "author"),
    [
        ("ghs_workflow", None, WORKFLOWS),
        ("ghp_users", None, "axon-robot"),
        ("github_pat_users", None, "axon-robot"),
        ("0123456789abcdef0123456789abcdef01234567", None, "axon-robot"),
        ("ghs_app", "our-app[bot]", "our-app[bot]"),
    ],
)
def test_ours_is_what_the_tokens_account_wrote(
    github: tuple[Github, Repository], token: str, login: str | None, author: str
) -> None:
    double, repository = github
    double.login = author
    ours = Repository("me/models", token, repository.api, login)

    ours.comment(7, REPORT)
    ours.comment(7, REPORT)

    assert ours.author == author
    assert len(double.comments) == 1


def test_a_refusal_says_what_was_asked(github: tuple[Github, Repository]) -> None:
    _, repository = github
    other = Repository("me/other", "t0ken", repository.api)

    with pytest.raises(GithubError, match=r"GET .*/repos/me/other/issues/7/comments: 404") as error:
        other.comment(7, REPORT)
    assert "t0ken" not in str(error.value)


def test_a_text_without_a_marker_is_not_posted(github: tuple[Github, Repository]) -> None:
    double, repository = github

    with pytest.raises(GithubError, match="marker"):
        repository.comment(7, "### hello")
    assert double.comments == []

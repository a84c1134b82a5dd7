"""One comment a stack on a pull request, one issue a stack on drift: written once, edited from then on.

Only what the account of the token wrote is edited or closed: anybody may write a comment, an issue or a pull
request that begins with a marker.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from axon.errors import UserError

_PAGE = 100  # the most that GitHub gives at once
# Who writes with the token that GitHub gives a workflow.
WORKFLOWS = "github-actions[bot]"
# A token of an app, such as GitHub's own for workflows, cannot ask who it is; a user's can:
# https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
_OF_APPS = "ghs_"
_MARKER = re.compile(r"<!-- axon:[a-z]+:[a-z0-9-]+ -->")


class GithubError(UserError):
    """GitHub refused. Its text says what was asked and what the answer was."""


class NotThere(GithubError):
    """GitHub has no such thing, or none that the token may know of."""


@dataclass(frozen=True)
class Repository:
    """A repository of GitHub's API (https://docs.github.com/en/rest/issues)."""

    name: str
    """`owner/name`."""

    token: str
    api: str = "https://api.github.com"

    login: str | None = None
    """Who writes with the token, such as `my-app[bot]`; None: its user, or GitHub's workflows."""

    @cached_property
    def author(self) -> str:
        """The account that writes with the token."""
        if self.login or self.token.startswith(_OF_APPS):
            return self.login or WORKFLOWS
        try:
            return str(self._ask("GET", f"{self.api}/user")["login"])
        except (GithubError, KeyError, TypeError):
            return WORKFLOWS  # so that no comment of anybody else is taken for ours

    def read(self, path: str) -> Any | None:
        """Return what there is at a path below the repository, or None; "" is the repository itself."""
        try:
            return self._ask("GET", path) if path else self._ask("GET", f"{self.api}/repos/{self.name}")
        except NotThere:
            return None

    def comment(self, number: int, text: str) -> str:
        """Write a comment on a pull request, or edit the one that has the same marker; return its address."""
        marker = marker_of(text)
        for found in self._each(f"issues/{number}/comments"):
            if self._is_ours(found, marker):
                return self._ask("PATCH", f"issues/comments/{found['id']}", {"body": text})["html_url"]
        return self._ask("POST", f"issues/{number}/comments", {"body": text})["html_url"]

    def issue(self, title: str, text: str) -> str:
        """Open an issue, or edit the open one that has the same marker; return its address."""
        found = self._open(marker_of(text))
        if found is None:
            return self._ask("POST", "issues", {"title": title, "body": text})["html_url"]
        return self._ask("PATCH", f"issues/{found['number']}", {"title": title, "body": text})["html_url"]

    def close(self, text: str) -> str | None:
        """Close the open issue that has the same marker, with what is said now; return its address."""
        found = self._open(marker_of(text))
        if found is None:
            return None
        closed = {"body": text, "state": "closed"}
        return self._ask("PATCH", f"issues/{found['number']}", closed)["html_url"]

    def _open(self, marker: str) -> dict[str, Any] | None:
        # GitHub lists pull requests among the issues, with a key of their own.
        issues = (one for one in self._each("issues", state="open") if "pull_request" not in one)
        return next((issue for issue in issues if self._is_ours(issue, marker)), None)

    def _is_ours(self, found: Mapping[str, Any], marker: str) -> bool:
        author = (found.get("user") or {}).get("login")  # no user: one whose account was deleted
        return author == self.author and _first_line(found.get("body")) == marker

    def _each(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            found = self._ask("GET", path, params={**query, "per_page": str(_PAGE), "page": str(page)})
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def _ask(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        url = path if path.startswith(f"{self.api}/") else f"{self.api}/repos/{self.name}/{path}"
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        try:
            answer = httpx.request(method, url, json=body, params=params, headers=headers, timeout=30)
        except httpx.HTTPError as error:
            raise GithubError(f"{method} {url}: {error}") from None
        if answer.is_error:
            kind = NotThere if answer.status_code == 404 else GithubError
            raise kind(f"{method} {url}: {answer.status_code} {answer.text[:200]}")
        return answer.json()


def _first_line(body: str | None) -> str:
    return (body or "").split("\n", 1)[0].strip()


def marker_of(text: str) -> str:
    """Return the line by which a comment or an issue is found again.

    Raises:
        GithubError: when the text has none.
    """
    found = _MARKER.match(text)
    if found is None:
        raise GithubError("the text does not begin with a marker such as <!-- axon:preview:dev -->")
    return found[0]


def this_repository(name: str | None = None) -> Repository:
    """Return a repository; without a name, that whose workflow runs, by the variables that GitHub sets.

    Raises:
        GithubError: when a variable is not set.
    """
    names = ["GITHUB_TOKEN"] if name else ["GITHUB_REPOSITORY", "GITHUB_TOKEN"]
    if missing := [one for one in names if not os.environ.get(one)]:
        how = "on a machine of yours: export GITHUB_TOKEN=$(gh auth token)"
        raise GithubError(f"{' and '.join(missing)} must be set, as in a workflow of GitHub ({how})")
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    login = os.environ.get("AXON_GITHUB_LOGIN")  # of a GitHub App, whose tokens cannot ask who they are
    return Repository(name or os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"], api, login)

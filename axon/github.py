"""GitHub comments and issues: one per stack and subject, created once and then updated.

Only those of the token's own account are updated or closed: anyone can write a comment, an issue or a pull
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

_PAGE = 100  # GitHub's maximum
# The account of a workflow's own token.
WORKFLOWS = "github-actions[bot]"
# The tokens of apps, workflows included, cannot read their own account; those of users can:
# https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
_OF_APPS = "ghs_"
_MARKER = re.compile(r"<!-- axon:[a-z]+:[a-z0-9-]+ -->")


class GithubError(UserError):
    """GitHub rejected a request. The text has the request and the response."""


class NotFound(GithubError):
    """GitHub has no such object, or the token cannot see it."""


@dataclass(frozen=True)
class Repository:
    """A repository of GitHub's API (https://docs.github.com/en/rest/issues)."""

    name: str
    """`owner/name`."""

    token: str
    api: str = "https://api.github.com"

    login: str | None = None
    """The account of the token, such as `my-app[bot]`. None: its user, or GitHub's workflows."""

    @cached_property
    def author(self) -> str:
        """The account of the token."""
        if self.login or self.token.startswith(_OF_APPS):
            return self.login or WORKFLOWS
        try:
            return str(self._ask("GET", f"{self.api}/user")["login"])
        except (GithubError, KeyError, TypeError):
            return WORKFLOWS  # so that nobody else's comment is updated

    def read(self, path: str) -> Any | None:
        """Return the object at a path below the repository, or None; "" is the repository itself."""
        try:
            return self._ask("GET", path) if path else self._ask("GET", f"{self.api}/repos/{self.name}")
        except NotFound:
            return None

    def comment(self, number: int, text: str) -> str:
        """Create a comment on a pull request, or update the one with the same marker; return its URL."""
        marker = marker_of(text)
        for existing in self._each(f"issues/{number}/comments"):
            if self._is_ours(existing, marker):
                return self._ask("PATCH", f"issues/comments/{existing['id']}", {"body": text})["html_url"]
        return self._ask("POST", f"issues/{number}/comments", {"body": text})["html_url"]

    def issue(self, title: str, text: str) -> str:
        """Open an issue, or update the open one with the same marker; return its URL."""
        existing = self._open(marker_of(text))
        if existing is None:
            return self._ask("POST", "issues", {"title": title, "body": text})["html_url"]
        return self._ask("PATCH", f"issues/{existing['number']}", {"title": title, "body": text})["html_url"]

    def close(self, text: str) -> str | None:
        """Close the open issue with the same marker, with a new text; return its URL."""
        existing = self._open(marker_of(text))
        if existing is None:
            return None
        closed = {"body": text, "state": "closed"}
        return self._ask("PATCH", f"issues/{existing['number']}", closed)["html_url"]

    def _open(self, marker: str) -> dict[str, Any] | None:
        # GitHub lists pull requests among the issues, with a key of their own.
        issues = (one for one in self._each("issues", state="open") if "pull_request" not in one)
        return next((issue for issue in issues if self._is_ours(issue, marker)), None)

    def _is_ours(self, item: Mapping[str, Any], marker: str) -> bool:
        author = (item.get("user") or {}).get("login")  # without a user: the account was deleted
        return author == self.author and _first_line(item.get("body")) == marker

    def _each(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            items = self._ask("GET", path, params={**query, "per_page": str(_PAGE), "page": str(page)})
            yield from items
            if len(items) < _PAGE:
                return
            page += 1

    def _ask(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        url = path if path.startswith(f"{self.api}/") else f"{self.api}/repos/{self.name}/{path}"
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        try:
            response = httpx.request(method, url, json=body, params=params, headers=headers, timeout=30)
        except httpx.HTTPError as error:
            raise GithubError(f"{method} {url}: {error}") from None
        if response.is_error:
            kind = NotFound if response.status_code == 404 else GithubError
            raise kind(f"{method} {url}: {response.status_code} {response.text[:200]}")
        return response.json()


def _first_line(body: str | None) -> str:
    return (body or "").split("\n", 1)[0].strip()


def marker_of(text: str) -> str:
    """Return the marker line of a comment or an issue.

    Raises:
        GithubError: when the text has none.
    """
    marker = _MARKER.match(text)
    if marker is None:
        raise GithubError("the text must begin with a marker such as <!-- axon:preview:dev -->")
    return marker[0]


def this_repository(name: str | None = None) -> Repository:
    """Return a repository: without a name, the one of the running workflow, from GitHub's variables.

    Raises:
        GithubError: when a variable is not set.
    """
    names = ["GITHUB_TOKEN"] if name else ["GITHUB_REPOSITORY", "GITHUB_TOKEN"]
    if missing := [one for one in names if not os.environ.get(one)]:
        how = "outside of a GitHub workflow: export GITHUB_TOKEN=$(gh auth token)"
        raise GithubError(f"{' and '.join(missing)} must be set ({how})")
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    login = os.environ.get("AXON_GITHUB_LOGIN")  # a GitHub App's: its tokens cannot read their own account
    return Repository(name or os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"], api, login)

"""One comment a stack on a pull request, one issue a stack on drift: written once, edited from then on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

_PAGE = 100  # the most that GitHub gives at once
_MARKER = re.compile(r"<!-- axon:[a-z]+:[a-z0-9-]+ -->")


class GithubError(Exception):
    """GitHub refused. Its text says what was asked and what the answer was."""


@dataclass(frozen=True)
class Repository:
    """A repository of GitHub's API (https://docs.github.com/en/rest/issues)."""

    name: str
    """`owner/name`."""

    token: str
    api: str = "https://api.github.com"

    def comment(self, number: int, text: str) -> str:
        """Write a comment on a pull request, or edit the one that has the same marker; return its address."""
        marker = marker_of(text)
        for found in self._each(f"issues/{number}/comments"):
            if found["body"].startswith(marker):
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
        issues = self._each("issues", state="open")
        return next((issue for issue in issues if (issue["body"] or "").startswith(marker)), None)

    def _each(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            found = self._ask("GET", path, params={**query, "per_page": str(_PAGE), "page": str(page)})
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def _ask(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        url = f"{self.api}/repos/{self.name}/{path}"
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        try:
            answer = httpx.request(method, url, json=body, params=params, headers=headers, timeout=30)
        except httpx.HTTPError as error:
            raise GithubError(f"{method} {url}: {error}") from None
        if answer.is_error:
            raise GithubError(f"{method} {url}: {answer.status_code} {answer.text[:200]}")
        return answer.json()


def marker_of(text: str) -> str:
    """Return the line by which a comment or an issue is found again.

    Raises:
        GithubError: when the text has none.
    """
    found = _MARKER.match(text)
    if found is None:
        raise GithubError("the text does not begin with a marker such as <!-- axon:preview:dev -->")
    return found[0]

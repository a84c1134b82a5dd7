"""Error messages of failed fetches: one line with the URL and a remedy."""

import re

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

from axon_runtime.remote import without_query

_REFUSED = {
    "s3": "is it there, and may this replica read it? On EKS the model's role reads what the stack file "
    "names (`predictor.model`, `aws.read`), and a bucket of another account must allow that role; elsewhere "
    "the keys come from `predictor.credentials_secret`",
    "gs": "is it there, and may the account read it whose GOOGLE_SERVICE_ACCOUNT_KEY is in "
    "`predictor.credentials_secret`?",
}
_WEB = "the server does not give it to this replica; a presigned URL may have expired"
# Parts of a library's error messages, and their meaning.
_MEANINGS = {
    r"latest/(api/token|meta-data)|169\.254\.170|computeMetadata": "no credentials: on EKS give the cluster "
    "its role for the model, elsewhere a Secret in `predictor.credentials_secret`",
    r"redirect without LOCATION": "its bucket is in another region than this replica (AWS_REGION)",
    r"dns error": "its host name is not known",
    r"Content-Length Header missing": "the server does not say how long it is (Content-Length)",
    r"kind: (Connect|Timeout)|TimedOut|error sending request": "cannot be reached",
}


def explain(error: Exception, url: str) -> str:
    """Return the message for an error of obstore."""
    return f"{without_query(url)}: {_reason(error, url.partition('://')[0])}"


def _reason(error: Exception, scheme: str) -> str:
    if isinstance(error, FileNotFoundError):
        return "404, there is no such " + ("file" if scheme.startswith("http") else "bucket or key")
    text = str(error)
    status = re.search(r"status code: (\d+)", text)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return f"{status[1] if status else 403}, not allowed: {_REFUSED.get(scheme, _WEB)}"
    tried = re.search(r", after \d+ retries", text)
    after = tried[0] if tried else ""
    for pattern, meaning in _MEANINGS.items():
        if re.search(pattern, text):
            return meaning + after
    if status:
        return f"the server answers {status[1]}{after}"
    return re.sub(r"\?\S*", "", text.splitlines()[0])

"""The settings of `bootstrap/`: what an AWS account has before any stack of axon is in it."""

import re
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.account import STATE, key_alias
from stacks.settings.aws.units import AccountId, IamArn, Region, no_duplicates
from stacks.settings.base import Settings
from stacks.settings.units import DnsLabel


def _action(text: str) -> str:
    service, _, action = text.partition(":")
    if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*]+", text):
        raise ValueError(f'"{text}" is not an action of IAM (such as dynamodb:GetItem)')
    if service in _OF_IDENTITIES:
        raise ValueError(f'"{text}": what makes or takes identities is not a model\'s to have')
    if not action.strip("*"):
        raise ValueError(
            f'"{text}" is all that the service can do: name the actions (such as {service}:Get*)'
        )
    return text


# Services that decide who somebody is, and may do.
_OF_IDENTITIES = ("account", "iam", "identitystore", "organizations", "sso", "sso-directory", "sts")
Action = Annotated[str, AfterValidator(_action)]
# https://docs.github.com/en/rest/repos/repos: of an owner and of a repository.
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$")]


class Github(Settings):
    """A repository on GitHub whose workflows preview and deploy the environments."""

    repository: Repository
    """The repository: `owner/name`."""

    owner_id: Annotated[int, Field(ge=1)]
    """GitHub's number of the repository's owner."""

    repository_id: Annotated[int, Field(ge=1)]
    """GitHub's number of the repository."""

    ephemeral: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(default_factory=list[str])
    """The environments beside which pull requests may have stacks of their own, on the same cluster."""

    provider: IamArn | None = None
    """GitHub's OIDC provider, if the account has it already: it can have one alone. Unset: it is made."""

    @model_validator(mode="before")
    @classmethod
    def _with_numbers(cls, given: Any) -> Any:
        """Say how to find GitHub's numbers, which nobody knows by heart."""
        found = cast(dict[str, Any], given) if isinstance(given, dict) else {}
        missing = [key for key in ("owner_id", "repository_id") if key not in found]
        if missing and "repository" in found:
            ask = f"gh api repos/{found['repository']} --jq '{{owner_id: .owner.id, repository_id: .id}}'"
            message = f"needs {' and '.join(missing)}, which GitHub puts into its tokens (find with: {ask})"
            raise PydanticCustomError("ids", "{message}", {"message": message})
        return cast(Any, given)

    def subjects(self, environment: str) -> list[str]:
        """Return what GitHub's tokens call a job of one of GitHub's environments, in both forms that it uses.

        The numbers are in those of repositories that were created or renamed since July 15, 2026:
        https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
        """
        owner, _, name = self.repository.partition("/")
        numbered = f"{owner}@{self.owner_id}/{name}@{self.repository_id}"
        return [f"repo:{form}:environment:{environment}" for form in (self.repository, numbered)]


class Bootstrap(Settings):
    """What an AWS account has before any stack is in it: state, its keys, and roles for workflows."""

    account: AccountId
    """The AWS account. With the credentials of another nothing is done."""

    region: Region
    """Where the state is kept."""

    environments: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(min_length=1)
    """The stacks of this account, as their stack files are called."""

    github: Github | None = None
    """Roles for the workflows of a repository on GitHub. Unset: none are made."""

    model_actions: Annotated[list[Action], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=40
    )
    """What models' own policies (`aws.policy_arns`) may allow, beside reading S3: actions of IAM."""

    @property
    def bucket(self) -> str:
        """The bucket of the state: a name that others can write down before it is there."""
        return f"{STATE}-{self.account}-{self.region}"

    @property
    def backend(self) -> str:
        """What `pulumi login` takes."""
        return f"s3://{self.bucket}?region={self.region}"

    def secrets_provider(self, environment: str | None = None) -> str:
        """Return what `pulumi stack init --secrets-provider` takes: of bootstrap/, or of an environment."""
        return f"awskms://{key_alias(environment)}?region={self.region}"

"""Settings of `bootstrap/`: the resources that an AWS account has before its first stack of axon."""

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


# Services for identities and permissions.
_OF_IDENTITIES = ("account", "iam", "identitystore", "organizations", "sso", "sso-directory", "sts")
Action = Annotated[str, AfterValidator(_action)]
# https://docs.github.com/en/rest/repos/repos: the ids of an owner and of a repository.
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$")]


class Github(Settings):
    """A repository on GitHub whose workflows preview and deploy the environments."""

    repository: Repository
    """Full name of the repository, in the form `owner/name`."""

    owner_id: Annotated[int, Field(ge=1)]
    """GitHub's numeric ID of the repository's owner."""

    repository_id: Annotated[int, Field(ge=1)]
    """GitHub's numeric ID of the repository."""

    ephemeral: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(default_factory=list[str])
    """Environments on whose clusters pull requests may have stacks of their own. Empty: none."""

    provider: IamArn | None = None
    """ARN of GitHub's OIDC provider, if the account has one already; an account can have only one. Unset: the
    provider is created.
    """

    @model_validator(mode="before")
    @classmethod
    def _with_numbers(cls, given: Any) -> Any:
        """Reject a repository without GitHub's numeric IDs, and say how to find them."""
        found = cast(dict[str, Any], given) if isinstance(given, dict) else {}
        missing = [key for key in ("owner_id", "repository_id") if key not in found]
        if missing and "repository" in found:
            ask = f"gh api repos/{found['repository']} --jq '{{owner_id: .owner.id, repository_id: .id}}'"
            message = f"needs {' and '.join(missing)}, which GitHub puts into its tokens (find with: {ask})"
            raise PydanticCustomError("ids", "{message}", {"message": message})
        return cast(Any, given)

    def subjects(self, environment: str) -> list[str]:
        """Return the subjects that GitHub's tokens give a job of a GitHub environment, in both forms that
        GitHub uses.

        The numbers are in those of repositories that were created or renamed since July 15, 2026:
        https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
        """
        owner, _, name = self.repository.partition("/")
        numbered = f"{owner}@{self.owner_id}/{name}@{self.repository_id}"
        return [f"repo:{form}:environment:{environment}" for form in (self.repository, numbered)]


class Bootstrap(Settings):
    """Resources that an AWS account has before its first stack: state, encryption keys, and roles for
    workflows.
    """

    account: AccountId
    """ID of the AWS account, twelve digits in quotes. With credentials of another
    account nothing is changed.
    """

    region: Region
    """AWS region in which the state is stored."""

    environments: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(min_length=1)
    """Stacks of this account, by the names of their stack files."""

    github: Github | None = None
    """GitHub repository whose workflows receive roles. Unset: no roles are created."""

    model_actions: Annotated[list[Action], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=40
    )
    """IAM actions that models' own policies (`aws.policy_arns`) may allow, in addition to reading S3. Empty:
    none.
    """

    @property
    def bucket(self) -> str:
        """Bucket of the state, with a name that can be written down before the bucket exists."""
        return f"{STATE}-{self.account}-{self.region}"

    @property
    def backend(self) -> str:
        """Argument of `pulumi login`."""
        return f"s3://{self.bucket}?region={self.region}"

    def secrets_provider(self, environment: str | None = None) -> str:
        """Return the argument of `pulumi stack init --secrets-provider`, for an environment or for
        bootstrap/.
        """
        return f"awskms://{key_alias(environment)}?region={self.region}"

"""Base class of all settings."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Immutable plain data: an unknown key is an error, and a value of another type is not converted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )

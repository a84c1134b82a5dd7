"""`tracker` of a model: what is counted of its predictions."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings


def _rising(bounds: list[float]) -> list[float]:
    for low, high in pairwise(bounds):
        if low >= high:
            raise ValueError(f"{high:g} follows {low:g}: bounds rise")
    return bounds


_Bound = Annotated[float, Field(allow_inf_nan=False)]


class Tracker(Settings):
    """Counts what axon's own runtime predicts, as a metric: classes, or numbers."""

    model_type: Literal["classification", "regression"]
    """`classification` counts classes, `regression` makes a histogram of numbers (name: Cortex's)."""

    key: str | None = Field(default=None, min_length=1)
    """Where in a Python predictor's answer the prediction stands (name: Cortex's). Unset: it is all of it."""

    max_classes: int | None = Field(default=None, ge=1, le=1000)
    """Classes that a replica counts apart, the first that come; the others are `other`. Unset: 100."""

    buckets: Annotated[list[_Bound], AfterValidator(_rising)] | None = Field(
        default=None, min_length=1, max_length=50
    )
    """Upper bounds of the histogram. Unset: 0, and powers of ten from 0.001 to 1000000."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Tracker":
        for key, kind in (("max_classes", "classification"), ("buckets", "regression")):
            if getattr(self, key) and self.model_type != kind:
                raise wrong(key, f"is for `model_type: {kind}`")
        return self


def wrong(key: str, message: str) -> PydanticCustomError:
    """Return what is wrong with a key of a group, or with one below it."""
    return PydanticCustomError("tracker", "{message}", {"message": message, "at": key})

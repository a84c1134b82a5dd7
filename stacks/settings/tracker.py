"""`tracker` of a model: metrics of its predictions."""

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
    """Metrics of the predictions of axon's runtime: counts of classes, or a histogram of numbers."""

    model_type: Literal["classification", "regression"]
    """Kind of predictions: `classification` counts classes, `regression` makes a histogram of numbers."""

    key: str | None = Field(default=None, min_length=1)
    """Key of the prediction in a Python predictor's response. Unset: the whole response is the prediction."""

    max_classes: int | None = Field(default=None, ge=1, le=1000)
    """Maximum number of classes that a replica counts separately, in order of appearance; the rest count as
    `other`. Unset: 100.
    """

    buckets: Annotated[list[_Bound], AfterValidator(_rising)] | None = Field(
        default=None, min_length=1, max_length=50
    )
    """Upper bounds of the histogram, in ascending order. Unset: 0, and powers of
    ten from 0.001 to 1000000.
    """

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Tracker":
        for key, kind in (("max_classes", "classification"), ("buckets", "regression")):
            if getattr(self, key) and self.model_type != kind:
                raise wrong(key, f"is for `model_type: {kind}`")
        return self


def wrong(key: str, message: str) -> PydanticCustomError:
    """Return an error of a key of a group, or of one below it."""
    return PydanticCustomError("tracker", "{message}", {"message": message, "at": key})

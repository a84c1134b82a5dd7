"""Images of predictors, identified by their content."""

from predictor_images.content import ContentError
from predictor_images.contexts import BuildContext, MissingModel, contexts_of, image_of, repositories_of

__all__ = ["BuildContext", "ContentError", "MissingModel", "contexts_of", "image_of", "repositories_of"]

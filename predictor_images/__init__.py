"""Which image a predictor runs in, by what goes into it."""

from predictor_images.contexts import MissingModel, contexts_of, image_of, repositories_of

__all__ = ["MissingModel", "contexts_of", "image_of", "repositories_of"]

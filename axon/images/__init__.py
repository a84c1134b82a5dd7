"""Images of models and of the platform: build, check with a sample, push."""

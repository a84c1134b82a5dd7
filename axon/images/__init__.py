"""Images of models and of the platform: built, checked with a sample, pushed."""

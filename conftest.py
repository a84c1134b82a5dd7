"""What all tests share."""

from hypothesis import settings

# A busy machine is no defect: no example has to end within a time.
settings.register_profile("axon", deadline=None)
settings.load_profile("axon")

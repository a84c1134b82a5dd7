"""Settings of a stack on AWS."""

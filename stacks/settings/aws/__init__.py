"""The settings of a stack on AWS."""

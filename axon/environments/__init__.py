"""Environments of an AWS account and of GitHub: roles, state, stacks of pull requests."""

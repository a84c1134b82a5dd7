"""A stack's whole life on a real AWS account: `make smoke STACK=dev`."""

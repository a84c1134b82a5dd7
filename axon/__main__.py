"""`python -m axon`: the same as the command `axon`."""

from axon.cli import main

if __name__ == "__main__":
    main()

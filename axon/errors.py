"""The errors that a command shows as a message, without a traceback."""


class UserError(Exception):
    """A command cannot go on. Its text says what is wrong, where, and how to fix it."""

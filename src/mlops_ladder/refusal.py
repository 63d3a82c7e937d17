"""The one error that people see: what is wrong, and how to mend it."""


class Refusal(Exception):  # noqa: N818 - it is not a fault of the program
    """A climb that is not begun; the message is a full sentence, and nothing was touched."""

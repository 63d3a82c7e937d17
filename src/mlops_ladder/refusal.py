"""The one error that people see: what is wrong, and how to mend it."""


class Refusal(Exception):
    """A climb that is not begun; the message is a full sentence, and nothing was touched."""

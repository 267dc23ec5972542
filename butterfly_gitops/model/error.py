"""What the world did, as exceptions that become an exit code at the edge."""


class GitopsError(Exception):
    """The root of every error that a person is told in one line, without a traceback."""

    exit_code: int = 1

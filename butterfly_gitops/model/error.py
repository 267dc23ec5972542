"""Errors of the world, as exceptions that become an exit code at the edge."""


class GitopsError(Exception):
    """The root of every error that a person is told in one line, without a traceback."""

    exit_code: int = 1


def kind_and_place(error: BaseException) -> str:
    """Return the kind of an exception and the lines that it came through; never its text, which may hold anything."""
    frames = []
    trace = error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
        frames.append(f"{file}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join([type(error).__name__, *frames[-5:]])

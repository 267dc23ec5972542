"""What the process says to whoever started it; stated only here."""

DONE = 0
FAILED = 1  # problems found, or the world said no
CHANGES = 2  # only where it was asked for (--detailed-exitcode)
HELD = 3  # approval needed
STALE = 4  # the saved plan is
USAGE = 64  # EX_USAGE of sysexits.h
UNEXPECTED = 70  # EX_SOFTWARE: a defect of ours
INTERRUPTED = 130  # 128 + SIGINT

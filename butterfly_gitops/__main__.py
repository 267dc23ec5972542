"""Run the command line as `python -m butterfly_gitops`."""

import sys

from butterfly_gitops.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m lifecast` is the same as `lifecast`."""

import sys

from lifecast.cli import main

if __name__ == "__main__":
    sys.exit(main())

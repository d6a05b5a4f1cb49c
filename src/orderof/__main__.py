"""`python -m orderof` is `orderof`."""

import sys

from orderof.cli import main

if __name__ == "__main__":
    sys.exit(main())

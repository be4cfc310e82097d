"""``python -m codesign``."""

from codesign.cli import main

if __name__ == "__main__":
    main()

"""`python -m livesing` is the same as the `livesing` command."""

from livesing.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

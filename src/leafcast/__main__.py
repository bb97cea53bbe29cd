"""`python -m leafcast`: the same as the console script."""

from leafcast.cli.main import main

if __name__ == "__main__":
    main()

"""The proof that leafcast sends nothing twice and loses nobody: `python -m tests.torture --help`."""

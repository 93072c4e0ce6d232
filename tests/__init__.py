"""The suite: mirrors the code file for file; `python -m tests.lanes` runs all of it."""

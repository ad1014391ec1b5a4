"""The command line: each verb mirrors a method of `Library` or a job, and starts nothing it does not need."""

from broadsheet.cli.table import main

__all__ = ["main"]

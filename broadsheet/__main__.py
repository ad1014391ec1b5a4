"""`python -m broadsheet` is the command line."""

from broadsheet.cli import main

main()

"""The words of the command line, one module a command.

Each has `add(commands, common)`, which adds its parser and what it runs. It checks the words and imports
what does the work only when it runs, so that `livesing --help` and a refused word are instant.
"""

"""Two revisions beside each other: verdicts, and the numbers they hang on, each by its kind."""

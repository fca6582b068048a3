"""Around the pipeline: run it, compare it with what is committed, put it into the README."""

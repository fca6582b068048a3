"""The DVC stages: each reads its section of params.yaml, calls `idem` and writes files."""

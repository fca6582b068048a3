"""The DVC stages: each reads its section of params.yaml, calls `idem` and writes files."""

import os

# One thread a unit, in SciPy too, so that bytes do not depend on how many units run at once.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

"""What the paper prints of its sweeps, for what is measured to be put beside it."""

PARAMETER_COUNTS = {"B1": 30, "B2": 238_600, "B3": 8_393_728, "B4": 4_509_456}  # Table 1
EDGES = {"B3": 0.22, "B4": 0.52}  # Figure 3's caption: above, no run improves
BATCH_SIZES = (32, 10_000)  # section 3: comparable results from the one to the other

"""Claims on sweeps of learning rates: the rules beside each other, run by run, and as published."""

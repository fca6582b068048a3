"""The sweeps B1 to B4 and their variants (section 3)."""

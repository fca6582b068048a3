"""From raw files to arrays."""

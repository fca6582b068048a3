"""U-DCGAN training, and the search for its settings (section 3.1)."""

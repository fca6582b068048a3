"""Claims on U-DCGANs: what they generate and restore, and their latent space, seed by seed."""

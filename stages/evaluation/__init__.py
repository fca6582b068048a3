"""What the trained generators do: samples, restoration, latent space (section 3.1)."""

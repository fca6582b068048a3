"""Routes through the loss landscape, stable rates, and what a step costs (section 3)."""

"""Claims on what is derived or counted: corrector, fixed points, gradients, cost of a step."""

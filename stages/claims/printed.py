"""What the paper prints, for its numbers and words to be compared with what is measured."""

PARAMETER_COUNTS = {"B1": 30, "B2": 238_600, "B3": 8_393_728, "B4": 4_509_456}  # Table 1
PAPER_EDGES = {"B3": 0.22, "B4": 0.52}  # Figure 3's caption: above, no run improves
BATCH_SIZES = (32, 10_000)  # section 3: comparable results from the one to the other

# In short, and where it stands: a section, an appendix, a figure or a table.
CLAIMS = {
    "L1": "ansatz: no solution of degree 2, one of degree 3, families above (2.1)",
    "L2": "fixed points are diagonalisable, eigenvalues 0, ½, 1 (2.2, B)",
    "L3": "½ repels, 0 and 1 attract, for 0 ≤ γ < 1 (1, 2.2)",
    "L4": "matrices far from idempotent reach machine precision (2.2)",
    "L5": "for one linear layer the rule is the recurrence (1, 2.3)",
    "T1": "the terms of the ordinary gradient grow exponentially with depth (1)",
    "T2": "parameter counts of Table 1",
    "T3": "the modified rule reaches lower absolute error (Figure 3)",
    "T4": "it does so at lower learning rates (Figure 4)",
    "T5": "no run improves above a rate of 0.22 on B3 and 0.52 on B4 (Figure 3)",
    "T6": "some B1 runs of the modified rule reach about 0 (Figure 3)",
    "T7": "batch sizes from 32 to 10 000 give comparable results (3)",
    "C": "the rule as an automatic differentiation rule (2.3, its code and graph: C)",
    "Q1": "does one method travel a different route in the loss landscape? (3)",
    "Q2": "latent space: where do codes lie, is f a projection around its samples? (3.1, TODO)",
    "G1": "a U-DCGAN trained with reconstruction and the rule generates MNIST digits (3.1)",
    "G2": "the same for CelebA (3.1)",
    "G3": "significant improvement in idempotent error for convolutional networks (abstract)",
}

"""What the paper claims, and where it says so: a section, an appendix, a figure or a table."""

from typing import NamedTuple

OURS = "– (ours)"  # in the place of what the authors say, of a claim that is not theirs


class Claim(NamedTuple):
    """One claim; the first two are at most 60 characters each."""

    short: str
    authors: str  # their number, or what they say
    text: str


CLAIMS = {
    "L1": Claim(
        "polynomial correctors, by degree",
        "none of degree 2, one of 3, families above (2.1)",
        "ansatz: no solution of degree 2, one of degree 3, families above (2.1)",
    ),
    "L2": Claim(
        "fixed points of the recurrence are diagonalisable",
        "with eigenvalues 0, ½, 1 (2.2, B)",
        "fixed points are diagonalisable, eigenvalues 0, ½, 1 (2.2, B)",
    ),
    "L3": Claim(
        "½ repels, 0 and 1 attract",
        "for 0 ≤ γ < 1 (1, 2.2)",
        "½ repels, 0 and 1 attract, for 0 ≤ γ < 1 (1, 2.2)",
    ),
    "L4": Claim(
        "the recurrence reaches machine precision",
        "from matrices far from idempotent too (2.2)",
        "matrices far from idempotent reach machine precision (2.2)",
    ),
    "L5": Claim(
        "for one linear layer the rule is the recurrence",
        "they are equal (1, 2.3)",
        "for one linear layer the rule is the recurrence (1, 2.3)",
    ),
    "L6": Claim(
        "does the rule return to a projection on inputs with a mean?",
        "left open (2.3)",
        "one linear layer, near a projection: does the rule return if inputs have a mean? (2.3)",
    ),
    "T1": Claim(
        "growth with depth of the ordinary gradient's cost",
        "exponentially many terms (1)",
        "the terms of the ordinary gradient, and so its cost, grow exponentially with depth (1)",
    ),
    "T2": Claim(
        "parameter counts of B1 to B4",
        "30, 238 600, 8 393 728, 4 509 456 (Table 1)",
        "parameter counts of Table 1",
    ),
    "T3": Claim(
        "modified reaches a lower absolute error than ordinary",
        "on B1 to B4 (Figure 3)",
        "the modified rule reaches lower absolute error (Figure 3)",
    ),
    "T3b": Claim(
        "T3 as their curves suggest: one batch, their rates",
        "B2, B3: the lowest curves (poster, Figure 5)",
        "T3 as the published curves say that it was run (poster, Figure 5)",
    ),
    "T4": Claim(
        "modified does so at lower learning rates",
        "on B2 and B3 (Figure 4)",
        "it does so at lower learning rates (Figure 4)",
    ),
    "T4b": Claim(
        "T4 as their curves suggest",
        "on B2 and B3 (Figure 4; poster, Figure 5)",
        "T4 as the published curves say that it was run (poster, Figure 5)",
    ),
    "T5": Claim(
        "learning rate above which no run improves",
        "0.22 on B3, 0.52 on B4 (Figure 3)",
        "no run improves above a rate of 0.22 on B3 and 0.52 on B4 (Figure 3)",
    ),
    "T5b": Claim(
        "T5 as their curves suggest: the modified rule's edge",
        "0.22 to 0.37 on B3, 0.52 to 0.67 on B4",
        "T5 as the published curves say that it was run (Figure 3; poster, Figure 5)",
    ),
    "T6": Claim(
        "error that some B1 runs of the modified rule reach",
        "about 0 (Figure 3)",
        "some B1 runs of the modified rule reach about 0 (Figure 3)",
    ),
    "T7": Claim(
        "batch sizes give comparable results",
        "from 32 to 10 000 (3)",
        "batch sizes from 32 to 10 000 give comparable results (3)",
    ),
    "P1": Claim(
        "how far off the curves of B2 and B3 are (medians)",
        "15 rates, both rules (poster, Figure 5)",
        "error by epoch at fifteen learning rates, as on one batch a run (poster, Figure 5)",
    ),
    "P2": Claim(
        "at equal rates the modified rule leads from the start",
        "its curves lie lower (poster, Figure 5)",
        "at equal learning rates the modified curves lie lower from the start (poster, Figure 5)",
    ),
    "P3": Claim(
        "does modified's error fall on new inputs too?",
        "left open",
        "does the error fall on inputs that were not trained on too? (left open)",
    ),
    "P4": Claim(
        "at best rates, is its error on new inputs lower?",
        "left open",
        "with the scale divided out, is the modified rule's error on new inputs lower? (left open)",
    ),
    "N": Claim(
        "does the rule improve maps that are almost idempotent?",
        "the theory is about these (2.2)",
        "maps near an idempotent, which the theory is about, become idempotent (2.2)",
    ),
    "C": Claim(
        "the rule as an automatic differentiation rule",
        "described, its code and graph left open (2.3, C)",
        "the rule as an automatic differentiation rule (2.3, its code and graph: C)",
    ),
    "Q1": Claim(
        "do the rules travel different routes in the landscape?",
        "left open (3); they do (poster)",
        "does one method travel a different route in the loss landscape? (3; poster: it does)",
    ),
    "Q2": Claim(
        "is f a projection around its samples, by its Jacobian J?",
        "left open (3.1)",
        "latent space: where do codes lie, is f a projection around its samples? (3.1, TODO)",
    ),
    "G1": Claim(
        "a U-DCGAN trained with the rule generates MNIST digits",
        "samples, no number (3.1, Figure 5)",
        "a U-DCGAN trained with reconstruction and the rule generates MNIST digits (3.1)",
    ),
    "G4": Claim(
        "digits with tightness too, at IGN's weights",
        "samples, no number (poster)",
        "so does one trained with tightness beside them, at IGN's published weights (poster)",
    ),
    "G5": Claim(
        "digits with tightness too, in a training of ours",
        OURS,
        "so does one trained with tightness beside them, with code and noise of our training",
    ),
    "R1": Claim(
        "a training of ours with the rule generates MNIST digits",
        OURS,
        "with a decorrelated code and noise in the data, a training of ours, it does so too",
    ),
    "R2": Claim(
        "one idempotent map that generates, nearer than IGN",
        OURS,
        "with the rule f is one map that generates, idempotent within limits, nearer than IGN",
    ),
    "R3": Claim(
        "does the corrector matter, or only the stopped gradient?",
        OURS,
        "our training generates by the corrector, not only as the outer weights have no gradient",
    ),
    "G2": Claim(
        "the same for CelebA",
        "left open (3.1)",
        "the same for CelebA (3.1)",
    ),
    "R4": Claim(
        "a training of ours with the rule generates CelebA",
        OURS,
        "with a decorrelated code and noise in the data it generates photographs too",
    ),
    "G3": Claim(
        "lower error of convolutional networks, on noise and data",
        "significant, no number (abstract)",
        "significant improvement in idempotent error for convolutional networks (abstract)",
    ),
}

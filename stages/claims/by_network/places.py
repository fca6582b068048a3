"""On which networks every claim is judged at the paper's scale."""

from stages.sweeps.printed import EDGES

ALL = "all"  # networks together, or their cases with as many runs or steps as a verdict takes
STAND_INS = ("n128", "n512")  # of other widths, beside the published lines of B2 and of B3
AT_LENGTH = ("B1", "B2", "n512")  # of P4, to be judged over networks; B3 and B4 may join
NETWORKS = {
    "T3": ("B1", "B2", "B3", "B4"),
    "T3b": ("B1", "B2", "B3", "B4", *STAND_INS),
    "T4": ("B2", "B3"),
    "T4b": ("B2", "B3", *STAND_INS),
    "T5": tuple(EDGES),
    "T5b": (ALL, *EDGES),
    "T6": ("B1",),
    "T7": ("B1", "B2"),
    "P1": (ALL, "B2", "B3", *STAND_INS),
    "P3": (ALL, "B2", "B3", *STAND_INS),
    "P4": (ALL, "B1", "B2", "B3", "B4", "n512"),  # the last has B3's ratio of n to the batch
    "N": (ALL, "n5", "n20", "n100", "n400", "n1000"),  # widths, of which there are several cases
}

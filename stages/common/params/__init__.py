"""What a parameter file may contain, checked before any work: a class a section, by subject."""

from stages.common.params.claims import (
    Claims,
    DigitClaims,
    Judging,
    OneMap,
    PhotographClaims,
    StudyClaims,
)
from stages.common.params.data import PrepareCelebA, PrepareMNIST
from stages.common.params.evaluation import (
    Classifier,
    Evaluate,
    Features,
    Latent,
    Restore,
    Score,
)
from stages.common.params.generative import (
    OWN,
    Baselines,
    Freezing,
    FromScratch,
    Frozen,
    Model,
    Perfect,
    Perfecting,
    Search,
    Setting,
    Tightness,
    Train,
    Training,
    Validate,
    Way,
)
from stages.common.params.landscape import (
    Cost,
    Flow,
    GradientStudy,
    MeanInputs,
    Place,
    Stability,
    Study,
    Trajectory,
)
from stages.common.params.linear import Linear, Peers
from stages.common.params.pipelines import (
    CelebA,
    Generative,
    GenerativeStudy,
    Laptop,
    MNISTStudy,
    Paper,
    Pipeline,
    Swept,
)
from stages.common.params.published import Lines, Published, Readings, StandIn, Walks
from stages.common.params.reading import arguments, choose, read
from stages.common.params.sweeps import (
    CentredCase,
    Copying,
    CopyingCase,
    DataCase,
    Near,
    Network,
    NewData,
    Start,
    Sweep,
    Transposed,
    Variant,
)
from stages.common.params.theory import Autodiff, Derive

from .calibration import recalibrate as recalibrate
from .covariance import CovarianceNoise as CovarianceNoise
from .dcgan import DCGAN as DCGAN, train_dcgan as train_dcgan
from .decorrelation import DecorrelatedBatchNorm2d as DecorrelatedBatchNorm2d
from .distributed import train_in_parallel as train_in_parallel
from .gaussian import Gaussian as Gaussian
from .ign import IGN as IGN, ign_loss as ign_loss
from .matching import mismatch as mismatch
from .noise import FourierNoise as FourierNoise, GaussianNoise as GaussianNoise
from .objective import Objective as Objective
from .optimization import Optimization as Optimization
from .state import TrainingState as TrainingState
from .training import Validation as Validation, train as train
from .udcgan import UDCGAN as UDCGAN

from .calibration import recalibrate as recalibrate
from .dcgan import DCGAN as DCGAN
from .dcgan_training import start_dcgan as start_dcgan, train_dcgan as train_dcgan
from .decorrelation import DecorrelatedBatchNorm2d as DecorrelatedBatchNorm2d
from .gaussian import Gaussian as Gaussian
from .ign import IGN as IGN, ign_loss as ign_loss
from .loop import Method as Method, Watch as Watch
from .noise import FourierNoise as FourierNoise, GaussianNoise as GaussianNoise
from .state import TrainingState as TrainingState
from .training import start as start, train as train
from .udcgan import UDCGAN as UDCGAN

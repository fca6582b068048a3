from .celeba import CelebAError as CelebAError
from .datasets import DATASETS as DATASETS
from .datasets import draw as draw
from .datasets import load as load
from .datasets import to_unit as to_unit
from .download import DownloadError as DownloadError
from .download import fetch_mnist as fetch_mnist

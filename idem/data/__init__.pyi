from .celeba import CelebAError as CelebAError
from .datasets import DATASETS as DATASETS, draw as draw, load as load, to_unit as to_unit
from .download import DownloadError as DownloadError, fetch_mnist as fetch_mnist
from .mnist import read_mnist as read_mnist

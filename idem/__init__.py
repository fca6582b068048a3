"""Networks with f(f(x)) = f(x), and projectors, P² = P.

`idempotency_loss` trains a network towards f(f(x)) = f(x) beside another loss; `relative_error`
says how far it got, `output_spread` whether it only shrank to a constant, which is idempotent too.
`project` finds the projector of a matrix, each eigenvalue rounded to 0 or 1, with its rank and
residual; `recurrence` takes the paper's way there, K ← 3K² − 2K³. `UDCGAN` is the paper's
generative network, `FourierNoise` the input that IGN gives such networks, `frechet_distance`
measures samples; `Grid` and `train_lanes` are of the paper's sweeps over learning rates. There is
more in the subpackages, one a subject; names are loaded when first used.

Which rule? Beside a task, ``rule="ordinary"``: it lowers the relative error further. The default is
the paper's, which takes less memory, and bears larger steps under SGD on one layer that is almost
a projection and has outputs of a large mean; the README says where else it pays, and where not.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

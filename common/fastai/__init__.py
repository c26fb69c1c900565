"""fastai: its Learner, trained in phases that a kill does not lose.

What imports fastai imports this package first, which keeps from the user what fastai and matplotlib warn of while they
are imported.
"""

import warnings

with warnings.catch_warnings():
    # fastai compiles an activation with TorchScript when it is imported; what becomes of that is fastai's business.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated")
    warnings.simplefilter("ignore", DeprecationWarning)  # and matplotlib, older than what it stands on
    warnings.filterwarnings("ignore", "The 'mode.chained_assignment' option is deprecated")  # pandas 3, set by fastai
    import fastai.basics
    import fastai.callback.all  # noqa: F401

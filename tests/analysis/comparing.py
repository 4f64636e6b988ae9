"""Made-up estimates of domains, for tests of what is done with estimates and their covariance."""

import numpy as np

from analysis.compare.pairs import Compared


def field(rates, se=0.02, df=np.inf, correlation=0.0, covariance=None):
    """Estimates of domains; correlated ones share all their PSUs, others none."""
    rates = np.array(rates, dtype=float)
    k = len(rates)
    own = np.broadcast_to(np.asarray(df, dtype=float), (k,))
    own = np.where(own > 0, own, np.nan)
    if covariance is None:
        scale = np.broadcast_to(np.asarray(se, dtype=float), (k,))
        alike = (1 - correlation) * np.eye(k) + correlation
        covariance = alike * scale[:, np.newaxis] * scale
    tied = correlation > 0
    pair_df = np.minimum(own[:, np.newaxis], own) if tied else own[:, np.newaxis] + own
    np.fill_diagonal(pair_df, own)
    group = np.zeros(k, dtype=np.intp) if tied else np.arange(k)
    together = float(own.max() if tied else own.sum())
    return Compared(np.arange(k), rates, rates, covariance, pair_df, together, group)

"""Running moments: batches merge into the moments of all samples."""

from __future__ import annotations

import json

import numpy as np

from hyperdistill_core.training.running_moments import RunningMoments


def test_moments_of_batches_are_those_of_all_samples():
    samples = np.random.default_rng(0).normal(3.0, 2.0, (100, 4))
    moments = RunningMoments(4)
    for batch in (samples[:1], samples[1:60], samples[60:60], samples[60:]):
        moments.update(batch)
    np.testing.assert_allclose(moments.mean, samples.mean(0))
    np.testing.assert_allclose(moments.var, samples.var(0))
    again = RunningMoments.from_dict(json.loads(json.dumps(moments.to_dict())))
    np.testing.assert_array_equal(again.normalization().observe(samples).std(0).round(3), 1.0)

"""A shard in this process: what it writes into the shared arrays."""

from __future__ import annotations

import numpy as np

from hyperdistill_core.parallel.env_arrays import EnvShape
from hyperdistill_core.parallel.env_shard import EnvShard
from hyperdistill_core.tasks import get_task
from morph_ops.sampling import sample_body

SHAPE = EnvShape(n_active=3, n_envs=2, n_max=12)


def test_arrays_lie_side_by_side_in_one_block():
    memory = SHAPE.allocate()
    arrays = SHAPE.arrays(memory)
    assert sum(array.nbytes for array in arrays.values()) == len(memory)
    for number, array in enumerate(arrays.values()):
        array[...] = number
    for number, array in enumerate(SHAPE.arrays(memory).values()):
        assert (array == array.dtype.type(number)).all()


def test_only_its_own_slots_change_and_are_measured():
    arrays = SHAPE.arrays(SHAPE.allocate())
    shard = EnvShard(SHAPE, arrays, get_task("flat"), seed=0)
    shard.step()
    for slot in (0, 2):
        shard.put(slot, slot, sample_body(np.random.default_rng(slot)))
    shard.step()
    assert (arrays["seconds"] > 0.0).tolist() == [True, False, True]
    assert arrays["state"].any(axis=(1, 2, 3)).tolist() == [True, False, True]
    arrays["seconds"][...] = 0.0
    shard.drop(0)
    shard.step()
    assert (arrays["seconds"] > 0.0).tolist() == [False, False, True]
    assert sorted(shard.state_dict()) == [2]

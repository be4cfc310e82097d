from dataclasses import replace

import pytest

from morph_ops.graph import Joint, Limb, Torso, add_limb, new_body
from morph_ops.identity import diff

JOINT = Joint(name="limbx/0", slot="x", pos=(0.0, 0.0, 0.0), axis=(1.0, 0.0, 0.0),
              range_deg=(-30.0, 30.0), gear=150.0)  # fmt: skip
LIMB = Limb(pos=(0.0, 0.0, -0.1), end=(0.0, 0.0, -0.25), radius=0.05, density=900.0,
            joints=(JOINT,))  # fmt: skip


def body(limb=LIMB, *, name="limb/0"):
    torso = new_body(Torso(pos=(0.0, 0.0, 0.5), radius=0.1, density=800.0))
    return add_limb(torso, "torso/0", name, limb)


@pytest.mark.parametrize(
    ("limb", "changed"),
    [
        (LIMB, None),
        (replace(LIMB, radius=0.04), {"radius": [0.05, 0.04]}),
        (replace(LIMB, end=(0.0, 0.0, -0.2)), {"end": [[0.0, 0.0, -0.25], [0.0, 0.0, -0.2]]}),
        (replace(LIMB, joints=(replace(JOINT, gear=90.0),)), {"x.gear": [150.0, 90.0]}),
    ],
)
def test_values_before_and_after(limb, changed):
    expected = {} if changed is None else {"changed": {"limb/0": changed}}
    assert diff(body(), body(limb)) == expected


def test_a_missing_hinge_is_none():
    [difference] = diff(body(), body(replace(LIMB, joints=())))["changed"].values()
    assert difference["x"] == ["limbx/0", None]
    assert difference["x.gear"] == [150.0, None]


def test_added_and_removed_limbs():
    assert diff(body(), body(name="limb/1")) == {"added": ["limb/1"], "removed": ["limb/0"]}

"""Gymnasium environments: any robot of this project under any trainer that speaks Gymnasium.

    import codesign.gym                             # registers codesign/Locomotion-v0
    import gymnasium

    env = gymnasium.make("codesign/Locomotion-v0", body="robot.xml", task="flat")
    envs = gymnasium.make_vec("codesign/Locomotion-v0", num_envs=64, body="robot.xml")

Gymnasium imports the module by itself where the name has it:
``gymnasium.make("codesign.gym:codesign/Locomotion-v0", body="robot.xml")``.

Physics, initial states and rewards are those of :func:`hyperdistill_core.rollout.rollout`: an
agent's return is a score of this project.

    env             one simulation
    vector_env      many simulations of one body, in one process
    tables          what each number of an observation and of an action means
    simulations     the physics behind both
    camera          pictures
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from morph_ops._messages import one_line

try:
    from gymnasium.envs import registration as _registration
except ImportError as error:
    raise ImportError(
        f"codesign.gym needs Gymnasium ({one_line(error)}): run pip install 'codesign[rl]'"
    ) from None

if TYPE_CHECKING:
    from codesign.gym.env import LocomotionEnv
    from codesign.gym.tables import Row, action_table, observation_table
    from codesign.gym.vector_env import LocomotionVectorEnv

__all__ = [
    "ENV_ID",
    "LocomotionEnv",
    "LocomotionVectorEnv",
    "Row",
    "action_table",
    "observation_table",
]

#: Name of the environment in Gymnasium.
ENV_ID = "codesign/Locomotion-v0"

# An import under another name must not register it twice.
if ENV_ID not in _registration.registry:
    _registration.register(  # pyright: ignore[reportUnknownMemberType]
        id=ENV_ID,
        entry_point="codesign.gym.env:LocomotionEnv",
        vector_entry_point="codesign.gym.vector_env:LocomotionVectorEnv",
    )


def __getattr__(name: str) -> Any:
    # Registering imports no MuJoCo: the classes load on first use.
    if name in ("LocomotionEnv", "LocomotionVectorEnv"):
        from codesign.gym import env, vector_env

        return getattr(env if name == "LocomotionEnv" else vector_env, name)
    if name in ("Row", "action_table", "observation_table"):
        from codesign.gym import tables

        return getattr(tables, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

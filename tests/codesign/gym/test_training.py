"""An agent of Stable-Baselines3 learns: its return rises."""

import numpy as np
import pytest

from morph_ops.sampling import sample_body

gymnasium = pytest.importorskip("gymnasium", reason="pip install 'codesign[rl]'")
import codesign.gym  # noqa: E402

pytestmark = pytest.mark.slow

#: Control steps of learning, in all simulations, and how often its return is looked at.
STEPS, LOOKS = 12_288, 3


def test_ppo_of_stable_baselines3_learns_to_walk():
    pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_checker import check_env
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import VecNormalize

    torch.set_num_threads(1)
    body = sample_body(np.random.default_rng(0))
    check_env(codesign.gym.LocomotionEnv(body), skip_render_check=True)
    options = {"body": body, "max_episode_steps": 200}
    envs = make_vec_env(lambda: gymnasium.make(codesign.gym.ENV_ID, **options), n_envs=8, seed=0)
    envs = VecNormalize(envs, norm_reward=False)
    model = PPO(
        "MlpPolicy", envs, n_steps=128, batch_size=128, learning_rate=1e-3, seed=0,
        policy_kwargs={"log_std_init": -0.5}, device="cpu",
    )  # fmt: skip
    before, _ = evaluate_policy(model, envs, n_eval_episodes=8, warn=False)
    after: list[float] = []
    for _ in range(LOOKS):
        model.learn(STEPS // LOOKS, reset_num_timesteps=False)
        mean, _ = evaluate_policy(model, envs, n_eval_episodes=8, warn=False)
        assert isinstance(mean, float)
        after.append(mean)
    assert isinstance(before, float)
    # Nine seeds gained 43 to 66; processors differ in the last digits, and so in what is learned.
    assert max(after) > before + 20.0, (before, after)

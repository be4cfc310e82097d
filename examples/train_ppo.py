"""Train a robot with PPO of Stable-Baselines3, and compare it with its zero-shot score.

Usage: python examples/train_ppo.py ROBOT [STEPS] [SIMULATIONS]

It needs `pip install 'codesign[rl]' stable-baselines3`.
"""

import click
import gymnasium
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecNormalize

import codesign.gym


@click.command()
@click.argument("robot")
@click.argument("steps", default=200_000)
@click.argument("simulations", default=8)
def main(robot, steps, simulations):
    """Train an agent for one robot, and print its mean return beside the zero-shot score."""
    body = codesign.read_body(robot)
    [zero_shot] = codesign.score([body], best_of=1)

    envs = make_vec_env(lambda: gymnasium.make(codesign.gym.ENV_ID, body=body), simulations)
    envs = VecNormalize(envs, norm_reward=False)  # observations are physical values
    agent = PPO("MlpPolicy", envs, n_steps=256, device="cpu", seed=0)
    agent.learn(steps)

    envs.training = False  # the evaluation leaves the normalization alone
    score, _ = evaluate_policy(agent, envs, n_eval_episodes=8)
    print(f"zero-shot: {zero_shot.score:.1f}, after {steps} steps of PPO: {score:.1f}")


if __name__ == "__main__":
    main()

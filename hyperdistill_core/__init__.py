"""A controller for every body, and the world that the body acts in.

    body -> task -> state and context -> hypernetwork -> one small network -> rollout -> returns

    tasks        worlds and rewards
    features     what a policy observes: state, context, clock phase
    nets         hypernetwork, generated networks, teachers
    rollout      closed-loop episodes and their statistics
    parallel     worker processes and the vector env
    controller   a checkpoint in, the network of any body out
    training     training sets, PPO, distillation, fine-tuning
    evaluation   returns over many bodies, calibration, statistics

The hypernetwork follows HyperDistill (Xiong 2024).
"""

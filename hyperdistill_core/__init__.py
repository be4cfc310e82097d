"""A controller for every body, and the world that it acts in.

    task -> state and context -> hypernetwork -> one MLP for each body -> rollout -> returns

``tasks`` define worlds and rewards, ``features`` the inputs of controllers, and ``nets`` the
networks. ``rollout`` runs episodes of one body under one policy, and ``parallel`` runs many bodies
in worker processes. ``training`` trains teachers and distills controllers from them;
``controller`` loads a controller and gives each body its own network; ``evaluation`` measures how
good a controller is. The method follows Xiong 2024 (HyperDistill).
"""

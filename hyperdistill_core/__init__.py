"""A controller for every body, and the world it acts in.

    task -> state and context -> hypernetwork -> one MLP a body -> rollout -> returns

``tasks`` set up worlds and rewards, ``features`` reads what a controller sees, ``nets``
holds the networks, ``rollout`` closes the loop, ``training`` makes controllers, and
``controller`` loads one and gives every body its own. After Xiong 2024 (HyperDistill).
"""

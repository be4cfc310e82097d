"""Networks in pure torch and numpy, without bodies and without physics.

Modules are imported one by one, because what scores robots needs no torch. On numpy arrays:

    hypernet_config      settings of the hypernetwork
    numpy_hypernetwork   the hypernetwork, for one body: its context in, weights of its network out
    mlp                  that network: the controller of the body

In torch, for trainings and batches of bodies:

    hypernetwork         the hypernetwork
    transformer          layers of its context encoders, and of teachers
    teachers             all kinds of teachers behind one interface
    cost                 parameters and multiply-adds of all networks
    bodies, trees        padded bodies, and the packed layout of message passing
"""

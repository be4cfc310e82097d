"""Training of controllers: a universal teacher, its expert data, and the student distilled from it.

    training set -> PPO (teacher) -> collection (expert data) -> distillation (student)
                                                              -> fine-tuning of single bodies

:mod:`~hyperdistill_core.training.training_sets` gathers thousands of bodies.
:mod:`~hyperdistill_core.training.ppo` trains a teacher that acts for any body.
:mod:`~hyperdistill_core.training.distillation` stores what the teacher does, or would do where
the student acts, and trains the hypernetwork on it.
:mod:`~hyperdistill_core.training.finetuning` improves the generated networks of single bodies.
Every stage writes into a folder of its own and continues there if it was stopped.
"""

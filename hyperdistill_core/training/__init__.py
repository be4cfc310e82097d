"""Making a controller: a universal teacher, its data, and the student distilled from it.

    pool -> ppo (teacher) -> collect (expert data) -> distill (student) -> evaluate

``pool`` gathers thousands of bodies; ``env`` simulates many of them at once on worker
processes; ``ppo`` trains a message-passing teacher on them; ``collect`` records what the
teacher does, or would do where the student acts; ``distill`` regresses the hypernetwork
on it; ``evaluate`` measures returns under mean actions. Every stage writes into a folder
of its own and takes up there where it stopped.
"""

"""Replay: episodes to look at.

recording   one episode of a body: positions, contacts, torques, rewards
"""

from codesign.replay.recording import Recording, record

__all__ = ["Recording", "record"]

"""Replay: episodes to look at.

recording   one episode of a body: positions, contacts, torques, rewards
scene       robots, ground, light and shadow in a viser scene
shapes      triangles of the geoms of a model
offline     a viser scene without a server
"""

from codesign.replay.recording import Recording, record

__all__ = ["Recording", "record"]

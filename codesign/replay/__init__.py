"""Replay: episodes to look at.

recording   one episode of a body: positions, contacts, torques, rewards
settings    formats of a replay, and how pictures are drawn
ground      heights of the ground, and boxes on it, from the model
terrain     ground near robots: triangles of the page, relief of pictures
scenery     uneven ground, boxes and goals in a viser scene
scene       robots, ground, light and shadow in a viser scene
shapes      triangles of the geoms of a model
offline     a viser scene without a server
page        a replay as one HTML file; page_data has its numbers, player/ what moves them
frames      moments of an episode as pictures, drawn without a graphics driver
stills      strips of stills
writing     files of all formats
"""

from codesign.replay.recording import Recording, record
from codesign.replay.settings import FilmSettings

__all__ = ["FilmSettings", "Recording", "record"]

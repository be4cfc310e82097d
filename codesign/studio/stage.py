"""The stage: robots that walk in the scene of a tab, with their worlds moving below them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import mujoco
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from codesign.drawing import colors_of
from codesign.replay.ground import Ground
from codesign.replay.scene import GROUND, SceneRobot, furnish
from codesign.studio.surroundings import Surroundings, limits
from codesign.studio.words import in_words

if TYPE_CHECKING:
    import viser

    from codesign.studio.episode import Episode

__all__ = ["DESIGN", "Stage"]

#: The robot that the ground and the camera follow.
DESIGN = "design"
#: Color of the selected node.
SELECTED = "#ff2d95"
#: Distance between robots side by side (m).
_LANE_M = 1.6
#: Time at the end of an episode before it starts again (s).
_PAUSE_S = 0.7
#: Share of the way to the robot that the ground goes in a frame.
_FOLLOW = 0.2

Array = NDArray[np.float64]


@dataclass(eq=False)
class _Performer:
    """A robot on the stage."""

    robot: SceneRobot
    data: mujoco.MjData
    qpos: Array
    control_dt: float
    lane: int
    episode: Episode | None
    ground: Ground
    around: Surroundings
    label: viser.LabelHandle | None = None
    text: str = ""
    frame: int = field(default=-1)

    @property
    def seconds(self) -> float:
        return (len(self.qpos) - 1) * self.control_dt

    def pose_at(self, now: float) -> Array:
        """Move to a time of the episode; return where the torso is."""
        frame = min(int(now / self.control_dt), len(self.qpos) - 1)
        if frame != self.frame:
            self.frame = frame
            self.data.qpos[:] = self.qpos[frame]
            mujoco.mj_kinematics(self.robot.model, self.data)
            self.robot.pose(self.data)
        return self.data.xpos[1]

    def move(self, offset: Array) -> None:
        """Move robot and world so that a place comes to the origin, but for the lane."""
        x, y, z = (-offset).tolist()
        place = (x, y + self.lane * _LANE_M, z)
        self.robot.root.position = place
        self.around.move(place)

    def remove(self) -> None:
        """Take robot and world off the stage."""
        self.robot.remove()
        self.around.remove()


@dataclass(frozen=True, eq=False)
class _Standing:
    """A body that does not walk."""

    model: mujoco.MjModel
    ground_m: float = 0.0


class Stage:
    """The scene of one tab.

    Args:
        scene: Scene of the tab's client.
        on_pick: Called with the name of a node of the design that was clicked.

    Attributes:
        playing: Whether time goes on.
        rate: How fast it goes, 1 for real time.
    """

    def __init__(self, scene: viser.SceneApi, *, on_pick: Callable[[str], None]) -> None:
        self._scene, self._on_pick = scene, on_pick
        self.playing, self.rate = True, 1.0
        self._performers: dict[str, _Performer] = {}
        self._count = 0
        self._now, self._ticked = 0.0, time.monotonic()
        self._offset = np.zeros(3)
        self._dark = False
        self._selected = ""
        self._tag: viser.LabelHandle | None = None
        self._names: frozenset[str] = frozenset()

    def furnish(self, *, dark: bool) -> None:
        """Put up the ground; lights and shadows are the server's.

        Args:
            dark: Whether the page is dark.
        """
        self._dark = dark
        furnish(self._scene, dark=dark, replace=True)
        self._arrange()

    def show(self, key: str, episode: Episode, *, lane: int = 0, text: str = "") -> None:
        """Let a robot walk in place of the one before it; all start again together.

        Args:
            key: :data:`DESIGN`, or any other name of a place on the stage.
            episode: Its episode.
            lane: Place to the left (1, 2, ...) or to the right (-1, ...) of the design.
            text: Text above it.
        """
        self._put(
            key,
            episode.graph,
            episode.model,
            episode.qpos,
            episode.control_dt,
            lane=lane,
            text=text,
            episode=episode,
        )

    def rest(self, graph: nx.DiGraph[str], model: mujoco.MjModel) -> None:
        """Show the design at rest, where it cannot walk.

        Args:
            graph: The body.
            model: The body in its world.
        """
        data = mujoco.MjData(model)
        self._put(DESIGN, graph, model, data.qpos[None].copy(), 1.0, lane=0, text="")

    def drop(self, *keys: str) -> None:
        """Take robots off the stage; those that are not there are no matter.

        Args:
            keys: Their keys.
        """
        for key in keys:
            performer = self._performers.pop(key, None)
            if performer is not None:
                performer.remove()
        self._arrange()

    def _arrange(self) -> None:
        """Show around each robot the world of its episode, up to the next lanes."""
        lanes = [each.lane for each in self._performers.values()]
        for performer in self._performers.values():
            if performer.episode is not None:
                right, left = limits(performer.lane, lanes, _LANE_M)
                performer.around.show(
                    performer.episode, performer.ground, right=right, left=left, dark=self._dark
                )
                performer.move(self._offset)

    def select(self, name: str) -> None:
        """Mark a node of the design.

        Args:
            name: Name of the node; an empty one marks nothing.
        """
        performer = self._performers.get(DESIGN)
        if performer is not None:
            if self._selected:
                performer.robot.paint(self._selected, None)
            self._mark(performer.robot, name)
        self._selected = name

    def _mark(self, robot: SceneRobot, name: str) -> None:
        """Color a node, and write its name beside it, since not everybody sees the color."""
        if self._tag is not None:
            self._tag.remove()
            self._tag = None
        if not name:
            return
        robot.paint(name, SELECTED)
        found = next((mesh for mesh, node in robot.node_of.items() if node == name), None)
        if found is not None:
            self._tag = self._scene.add_label(
                f"{found}/name", in_words(name), font_screen_scale=0.9, anchor="bottom-left"
            )

    def restart(self) -> None:
        """Begin all episodes again."""
        self._now = 0.0

    def tick(self) -> None:
        """Move everything to where it is now."""
        moment = time.monotonic()
        passed, self._ticked = moment - self._ticked, moment
        if not self.playing or not self._performers:
            return
        # A tab in the background, or a busy machine, skips frames and does not hurry after them.
        self._now += min(passed, 0.2) * self.rate
        leader = self._performers.get(DESIGN) or next(iter(self._performers.values()))
        began = self._now == 0.0
        if self._now > max(each.seconds for each in self._performers.values()) + _PAUSE_S:
            self._now, began = 0.0, True
        target = leader.pose_at(self._now).copy()
        target[2] = leader.around.level(self._now)
        self._offset += (target - self._offset) * (1.0 if began else _FOLLOW)
        for performer in self._performers.values():
            torso = performer.pose_at(self._now)
            performer.move(self._offset)
            if performer.label is not None:
                performer.label.position = (float(torso[0]), float(torso[1]), float(torso[2]) + 0.5)
        ground = self._scene.get_handle_by_name(GROUND)
        if ground is not None:
            x, y = (-(self._offset[:2] % 1.0)).tolist()
            ground.position = (x, y, 0.0)
            ground.visible = not leader.around.uneven

    def _put(
        self,
        key: str,
        graph: nx.DiGraph[str],
        model: mujoco.MjModel,
        qpos: Array,
        control_dt: float,
        *,
        lane: int,
        text: str,
        episode: Episode | None = None,
    ) -> None:
        self._count += 1
        name = f"{key}-{self._count}"
        ground = Ground(episode or _Standing(model))
        robot = SceneRobot(
            self._scene,
            model,
            name=name,
            colors=colors_of(graph),
            without=ground.geoms,  # the surroundings have them
        )
        old = self._performers.pop(key, None)
        performer = _Performer(
            robot=robot,
            data=mujoco.MjData(model),
            qpos=qpos,
            control_dt=control_dt,
            lane=lane,
            episode=episode,
            ground=ground,
            around=old.around if old else Surroundings(self._scene, f"world-{name}"),
            text=text,
        )
        if text:
            performer.label = self._scene.add_label(f"/{name}/label", text)
        self._performers[key] = performer
        self._now = 0.0
        start = performer.pose_at(0.0).copy()
        self._arrange()
        if key == DESIGN:
            start[2] = performer.around.level(0.0)
            self._offset = start
            self._names = frozenset(graph)
            self._clickable(robot)
            self._selected = self._selected if self._selected in graph else ""
            self._mark(robot, self._selected)
        performer.move(self._offset)
        if old is not None:
            old.robot.remove()

    def _clickable(self, robot: SceneRobot) -> None:
        for body, mesh in robot.bodies.items():
            node = self._node_of(robot.model, body)
            if node is None:
                continue

            def pick(_: object, node: str = node) -> None:
                self._on_pick(node)

            mesh.on_click(pick)

    def _node_of(self, model: mujoco.MjModel, body: int) -> str | None:
        """Name of the node that a MuJoCo body belongs to; None for the world."""
        while body:
            name = model.body(body).name
            if name in self._names:
                return name
            body = int(model.body_parentid[body])
        return None

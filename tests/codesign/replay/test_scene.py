import numpy as np
import pytest

from codesign.drawing import colors_of, rest_state
from codesign.drawing.palette import TORSO
from codesign.replay.scene import SceneRobot, body_colors, furnish, rgb, scene_name
from morph_ops import graph as body_graph
from morph_ops.sampling import sample_body

pytest.importorskip("viser", reason="needs codesign[studio]")


@pytest.fixture
def server():
    from codesign.replay.offline import offline_server

    with offline_server() as made:
        yield made


@pytest.fixture(scope="module")
def robot():
    graph = sample_body(np.random.default_rng(0))
    return graph, *rest_state(graph)


def test_each_body_is_a_mesh_with_the_pose_and_color_of_its_node(server, robot):
    graph, model, data = robot
    shown = SceneRobot(server.scene, model, name="a", colors=colors_of(graph), place=(0, 2, 0))
    shown.pose(data)
    assert set(shown.node_of.values()) == set(body_graph.node_names(graph))
    for body, mesh in shown.bodies.items():
        assert mesh.name == scene_name("a", body)
        assert np.allclose(mesh.position, data.xpos[body])
        assert np.allclose(mesh.wxyz, data.xquat[body])
        assert mesh.color == rgb(colors_of(graph)[shown.node_of[mesh.name]])
    assert np.allclose(shown.root.position, (0, 2, 0))


def test_a_node_takes_another_color_and_its_own_again(server, robot):
    graph, model, _ = robot
    shown = SceneRobot(server.scene, model, name="a", colors=colors_of(graph))
    node = body_graph.root(graph)
    [mesh] = [each for each in shown.bodies.values() if shown.node_of[each.name] == node]
    shown.paint(node, "#ff0000")
    assert mesh.color == (255, 0, 0)
    shown.paint(node, None)
    assert mesh.color == rgb(TORSO)


def test_a_removed_robot_leaves_nothing(server, robot):
    _, model, _ = robot
    SceneRobot(server.scene, model, name="a").remove()
    assert server.scene.get_handle_by_name("/a") is None


def test_bodies_without_a_color_have_that_of_their_parent():
    import mujoco

    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body name='a'><geom size='1'/><body name='b'><geom size='1'/></body>"
        "</body></worldbody></mujoco>"
    )
    assert body_colors(model, {"a": "#112233"})[1:] == ["#112233", "#112233"]


def test_names_with_a_slash_are_refused(server, robot):
    with pytest.raises(ValueError, match="name: expected a name without a slash"):
        SceneRobot(server.scene, robot[1], name="a/b")


def test_the_ground_can_be_made_anew(server):
    furnish(server.scene)
    furnish(server.scene, dark=True, height=1.0, replace=True)
    assert server.scene.get_handle_by_name("/ground").position[2] == 1.0

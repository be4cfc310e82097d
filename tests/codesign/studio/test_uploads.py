"""Uploads: which robots may come in, and what no upload can see."""

from __future__ import annotations

import io
import tempfile
import zipfile

import numpy as np
import pytest

from codesign.errors import UsageError
from codesign.studio.files import as_json
from codesign.studio.uploads import LARGEST_ARCHIVE, LARGEST_FILE, MOST_FILES, read_upload
from morph_ops.graph import Torso, new_body, physics

#: A robot in MJCF.
ROBOT = (
    b"<mujoco><worldbody><body><freejoint/><geom size='0.1'/><body><joint name='knee'/>"
    b"<geom size='0.1'/></body></body></worldbody><actuator><motor joint='knee'/></actuator>"
    b"</mujoco>"
)


#: A robot whose second body is a mesh.
MESHED = (
    b"<mujoco><compiler meshdir='assets'/><asset><mesh name='m' file='foot.stl'/></asset>"
    b"<worldbody><body name='trunk'><freejoint/><geom size='0.1'/><body name='foot'>"
    b"<joint name='knee'/><geom type='mesh' mesh='m'/></body></body></worldbody>"
    b"<actuator><motor joint='knee'/></actuator></mujoco>"
)
#: The same as URDF.
URDF = b"""<robot name="r"><link name="trunk"><inertial><mass value="1"/>
<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
<link name="foot"><inertial><mass value="1"/>
<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><geometry><mesh filename="package://PACKAGE/meshes/foot.stl"/></geometry></collision>
</link><joint name="knee" type="revolute"><parent link="trunk"/><child link="foot"/>
<axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="9" velocity="9"/></joint></robot>"""


def tetrahedron():
    """A mesh of four triangles, as binary STL."""
    corners = 0.1 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype="<f4")
    triangles = b"".join(
        bytes(12) + corners[list(face)].tobytes() + bytes(2)
        for face in ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))
    )
    return bytes(80) + (4).to_bytes(4, "little") + triangles


def packed(files, compression=zipfile.ZIP_DEFLATED):
    """A zip archive of files by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "a.json: "),
        ("a.json", b"\xff\xfe", "a.json: "),
        ("a.xml", b"<mujoco", "a.xml: "),
        ("a.exe", b"MZ", "expected a robot file"),
        ("passwd", b"root", "expected a robot file"),
        ("a.json", b" " * (LARGEST_FILE + 1), "expected at most 10 MB, got 10.0 MB"),
        ("a.json", as_json(new_body(Torso(pos=(0, 0, 1), radius=0.1, mass=1.0))), "one joint"),
    ],
)
def test_uploads_that_are_no_robots_are_refused(name, content, message):
    with pytest.raises(UsageError, match=message) as refused:
        read_upload(name, content)
    assert "/tmp" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_upload_includes_no_file_of_this_machine():
    text = ROBOT.replace(b"<worldbody>", b"<include file='/etc/passwd'/><worldbody>")
    own = physics(read_upload("a.xml", text))
    assert own is not None
    assert any("not read, because it lies outside" in note for note in own.notes)
    assert "root:" not in own.mjcf


def test_an_upload_finds_no_file_of_this_machine(tmp_path):
    (tmp_path / "secret.stl").write_bytes(b"solid")
    for mesh in (tmp_path / "secret.stl", "secret.stl"):
        text = (
            f"<mujoco><asset><mesh name='m' file='{mesh}'/></asset><worldbody><body><freejoint/>"
            "<geom type='mesh' mesh='m'/><body><joint/><geom size='1'/></body></body></worldbody>"
            "</mujoco>"
        )
        # A long path is cut in the message.
        with pytest.raises(UsageError, match=r"secret\.stl|outside the robot's"):
            read_upload("a.xml", text.encode())


def test_a_urdf_finds_no_mesh_above_the_upload(tmp_path, monkeypatch):
    folder = tmp_path / "holder"
    (folder / "meshes").mkdir(parents=True)
    (folder / "meshes" / "foot.stl").write_bytes(tetrahedron())
    (folder / "package.xml").write_text("<package/>")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(UsageError, match="its package lies outside the uploaded folder"):
        read_upload("a.urdf", URDF.replace(b"PACKAGE", b"holder"))


@pytest.mark.parametrize("folder", ["", "ant/"])
def test_an_archive_has_a_robot_with_its_meshes(folder):
    files = {f"{folder}ant.xml": MESHED, f"{folder}assets/foot.stl": tetrahedron()}
    # What packers put beside it is no matter.
    more = {f"{folder}README.md": "ant", f"__MACOSX/{folder}._ant.xml": "<mujoco", "a.png": "x"}
    assert list(read_upload("my ant.zip", packed(files | more))) == ["trunk", "foot"]


def test_an_archive_from_windows_has_folders_too():
    archive = packed({"ant.xml": MESHED, "assets/foot.stl": tetrahedron()})
    archive = archive.replace(b"assets/foot.stl", b"assets\\foot.stl")
    assert list(read_upload("ant.ZIP", archive)) == ["trunk", "foot"]


def test_a_ros_package_has_a_urdf_below_it():
    files = {
        "ant_description/package.xml": "<package/>",
        "ant_description/urdf/ant.urdf": URDF.replace(b"PACKAGE", b"ant_description"),
        "ant_description/meshes/foot.stl": tetrahedron(),
    }
    assert list(read_upload("download.zip", packed(files))) == ["trunk", "foot"]


def test_of_several_robots_that_with_the_name_of_the_archive_or_folder_opens():
    files = {"zoo/bee.xml": ROBOT, "zoo/scene.xml": b"<mujoco><include file='bee.xml'/></mujoco>"}
    assert len(read_upload("bee.zip", packed(files))) == 2
    assert len(read_upload("scene.zip", packed(files))) == 2
    folder = {"bee/bee.xml": ROBOT, "bee/scene.xml": MESHED}
    assert len(read_upload("download.zip", packed(folder))) == 2
    with pytest.raises(UsageError, match=r"got bee\.xml, scene\.xml: give the .* bee\.zip"):
        read_upload("a.zip", packed(files))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK", "broken or no zip archive"),
        (packed({"a.xml": ROBOT})[:-9], "broken or no zip archive"),
        (packed({}), "expected an MJCF or URDF file in the archive, got none"),
        (packed({"a.md": ROBOT}), "expected an MJCF or URDF file in the archive, got none"),
        (packed({"a.xml": b"<package/>"}), "expected an MJCF or URDF file"),
        (packed({"a.xml": b"<mujoco"}), r"^a\.xml: "),
        (packed({"a.xml": MESHED}), r"foot\.stl"),
        (packed({"a.xml": MESHED, "assets/foot.stl": b"solid"}), "foot|0.stl"),
        (packed({"../a.xml": ROBOT}), "lies outside the archive's folder"),
        (packed({"/a.xml": ROBOT}), "lies outside the archive's folder"),
        (packed({"a/..\\..\\a.xml": ROBOT}), "lies outside the archive's folder"),
        (packed({"C:/a.xml": ROBOT}), "lies outside the archive's folder"),
        (packed({f"{i}.png": "" for i in range(MOST_FILES + 1)}), "at most 500 files, got 501"),
        (packed({"a.xml": ROBOT}, zipfile.ZIP_BZIP2), "usual compression"),
        (packed({"a.xml": ROBOT, "a.xml/b.xml": ROBOT}), "cannot be unpacked"),
        (packed({"a" * 300 + ".xml": ROBOT}), "cannot be unpacked"),
        (bytes(LARGEST_ARCHIVE + 1), "expected at most 50 MB, got 50.0 MB"),
    ],
)
def test_archives_that_are_no_robots_are_refused(content, message):
    with pytest.raises(UsageError, match=message) as refused:
        read_upload("a.zip", content)
    assert "/tmp" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_archive_with_a_password_is_refused():
    archive = bytearray(packed({"a.xml": ROBOT}))
    for start in (archive.index(b"PK\x03\x04") + 6, archive.index(b"PK\x01\x02") + 8):
        archive[start] |= 1
    with pytest.raises(UsageError, match=r"a\.xml has a password"):
        read_upload("a.zip", bytes(archive))


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("codesign.studio.uploads.LARGEST_UNPACKED", 1_000_000)
    with pytest.raises(UsageError, match="at most 1 MB of robots and meshes, got 2 MB"):
        read_upload("a.zip", packed({"a.xml": ROBOT, "a.stl": bytes(2_000_000)}))
    # One that says less than it holds is cut where it says that it ends.
    archive = packed({"a.xml": ROBOT, "a.stl": bytes(2_000_000)})
    small = archive.replace((2_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with pytest.raises(UsageError, match="broken or no zip archive"):
        read_upload("a.zip", small)

"""Tables of score records: all that a scoring found out, and warnings once each."""

from __future__ import annotations

from dataclasses import replace

from rich.table import Table

from codesign.cli.console import PlainConsole, print_table
from codesign.cli.score_tables import (
    details_table,
    scores_table,
    short_names,
    tasks_table,
    warning_lines,
)
from codesign.scoring import ScoreRecord

BLANK = ScoreRecord.failed(
    robot="a.xml", hash="", task="flat", controller="c", controller_hash="", episodes=2, seed=0,
    worst_score=-10.0,
)  # fmt: skip
WALKED = replace(
    BLANK,
    status="ok",
    score=500.0,
    ci95=(400.0, 600.0),
    returns=(450.0, 550.0),
    lengths=(1000, 500),
    fell=(False, True),
    terms={"forward": 510.0, "effort": -10.0},
    speed=0.75,
    distance=10.0,
    metrics={"height": 0.6, "period": 0.42, "raw_cost_of_transport": 1.25},
    duty_factors=(0.0, 0.5, 0.01, 0.9),
)


def shown(table: Table) -> str:
    console = PlainConsole(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_mean_and_worst_stand_beside_speeds_alone():
    other = replace(WALKED, task="csr", score=100.0, ci95=(50.0, 150.0))
    text = shown(tasks_table([WALKED, other]))
    assert "300.0  100.0" in text
    bowl = replace(other, task="escape", terms={"away": 100.0})
    text = shown(tasks_table([WALKED, bowl, replace(BLANK, task="flat", robot="b.xml")]))
    assert "mean" not in text
    assert "failed" in text


def test_a_robot_that_failed_has_no_mean_of_worst_scores():
    csr = replace(WALKED, task="csr", score=100.0, ci95=(50.0, 150.0))
    failed = [replace(BLANK, robot="b.xml", task=task) for task in ("flat", "csr")]
    half = [replace(csr, robot="c.xml", task="flat"), replace(BLANK, robot="c.xml", task="csr")]
    text = shown(tasks_table([WALKED, csr, *failed, *half]))
    lines = {line.split()[0]: line.split() for line in text.splitlines() if ".xml" in line}
    assert lines["a.xml"][-2:] == ["300.0", "100.0"]
    assert lines["b.xml"][1:] == ["failed", "failed", "-", "-"]
    assert lines["c.xml"][-3:] == ["failed", "-", "-"]
    assert "-10.0" not in text


def test_mean_and_worst_of_other_units_are_on_one_scale():
    def on(task, score, **terms):
        return replace(WALKED, task=task, terms=terms, metrics={"normalized_score": score})

    fast = [on("flat", 120.0, forward=1.0), on("escape", 80.0, away=1.0)]
    failed = [replace(record, robot="b.xml") for record in (on("flat", 90.0), BLANK)]
    lines = shown(tasks_table([*fast, *failed])).splitlines()
    assert [line.split()[-2:] for line in lines if "xml" in line] == [["100.0", "80.0"], ["-", "-"]]
    assert any("(120)" in line and "(80)" in line for line in lines)
    assert "reference bodies get 100" in lines[-1]


def test_details_name_everything_that_was_found_out():
    text = shown(details_table(WALKED, ["torso", "left", "tail", "[right]"]))
    for part in (
        "500.0, 95% interval 400.0 .. 600.0, 2 episodes",
        "forward 510.0, effort -10.0",
        "1 of 2 episodes",
        "10.0 m in 15.0 s at 0.75 m/s, torso at 0.60 m",
        "1.25",
        "repeats every 0.42 s; on the ground: [right] 90%, left 50%\n",
    ):
        assert part in text
    assert "percentile" not in text
    assert "unlikeness" not in text


def test_details_of_what_is_known_about_other_bodies():
    metrics = {**WALKED.metrics, "percentile": 83.2, "unlikeness": 40.0}
    text = shown(details_table(replace(WALKED, metrics=metrics), ["torso"]))
    assert "better than 83% of reference bodies" in text
    assert "40% of training bodies lie nearer to others" in text


def test_a_body_without_a_gait_says_so():
    still = replace(WALKED, metrics={}, duty_factors=(0.0,), returns=(1.0,), ci95=(1.0, 1.0))
    text = shown(details_table(still, ["torso"]))
    assert "no period; nothing on the ground" in text
    assert "1 episode " in text
    assert "interval" not in text


def test_only_the_nodes_that_touch_most_are_named():
    many = replace(WALKED, duty_factors=tuple(0.1 * number for number in range(1, 10)))
    text = shown(details_table(many, [f"limb/{number}" for number in range(9)]))
    assert "limb/8 90%" in text
    assert "limb/2" not in text
    assert "and 3 more nodes" in text


def test_a_warning_of_many_robots_is_one_line():
    record = replace(BLANK, warnings=("import: no floor", "import: no lights", "too light"))
    records = [replace(record, robot=f"{name}.xml") for name in "abcde"]
    records.append(replace(BLANK, robot="f.xml", warnings=("too light",)))
    assert warning_lines(records) == [
        "a.xml, b.xml, c.xml and 2 more robots: import: no floor; no lights",
        "a.xml, b.xml, c.xml and 3 more robots: too light",
    ]


def test_an_import_note_shows_its_first_names():
    note = "hinges without a motor: a, b, c, d, e, f"
    record = replace(BLANK, robot="ant.xml", warnings=(f"import: {note}", "weighs: a, b, c, d, e"))
    assert warning_lines([record]) == [
        "ant.xml: import: hinges without a motor: a, b, c, d and 2 more; "
        "codesign inspect ROBOT says more",
        "ant.xml: weighs: a, b, c, d, e",
    ]


def test_warnings_that_differ_in_numbers_and_names_are_one_line():
    notes = {
        "/home/somebody/robots/of/others/ant.xml": ("moved by -0.5 m, so", "welded: torso", 0.2848),
        "/home/somebody/robots/of/others/bee.xml": ("moved by +0.1 m, so", "welded: leg", 0.0957),
        "/home/somebody/robots/of/others/cat.xml": ("moved by 1e-05 m, so", "no floor", 0.1),
    }
    records = [
        replace(
            BLANK,
            status="ok",
            robot=robot,
            warnings=(
                f"import: {moved}",
                f"import: {welded}",
                f"out of distribution: torso radius {radius} m other than 0.1 m",
                f"weighs {radius} kg",
            ),
        )
        for robot, (moved, welded, radius) in notes.items()
    ]
    failed = [replace(BLANK, robot=f"{n}.xml", warnings=(f"line {n}",)) for n in (1, 2)]
    who = "…/others/ant.xml, …/others/bee.xml, …/others/cat.xml"
    more = "codesign inspect ROBOT says more"
    assert warning_lines([*records, *failed]) == [
        f"{who}: import: moved by … m, so; welded (2 of 3); no floor (1 of 3); {more}",
        f"{who}: out of distribution: torso radius; {more}",
        f"{who}: weighs … kg; {more}",
        "1.xml: line 1",
        "2.xml: line 2",
    ]
    assert warning_lines(records[:1])[0].endswith("import: moved by -0.5 m, so; welded: torso")


def test_names_stay_readable_in_a_narrow_terminal():
    console = PlainConsole(width=40)
    with console.capture() as capture:
        print_table(console, scores_table([replace(WALKED, robot="my_robots/quadruped.xml")]))
    lines = capture.get().splitlines()
    assert "my_robots/quadruped.xml" in "".join(line[:13].strip() for line in lines)
    assert any("500.0 ± 100.0" in line and line.rstrip().endswith("ok") for line in lines)
    assert console.width == 40


def test_long_names_are_cut_to_what_tells_them_apart():
    folder = "/home/somebody/campaigns/runs/walk"
    names = [f"{folder}/a/ant.xml", f"{folder}/b/ant.xml", "bee.xml"]
    assert list(short_names(names).values()) == ["…/a/ant.xml", "…/b/ant.xml", "bee.xml"]
    deep = [f"{folder}/a/x/ant.xml", f"{folder}/b/x/ant.xml"]
    assert list(short_names(deep).values()) == ["…/a/x/ant.xml", "…/b/x/ant.xml"]
    assert short_names(["a/ant.xml"]) == {"a/ant.xml": "a/ant.xml"}


def test_a_robot_that_was_not_simulated_has_no_figures():
    lines = shown(scores_table([WALKED, replace(BLANK, robot="b.xml")])).splitlines()
    row = next(line.split() for line in lines if "b.xml" in line)
    assert row == ["b.xml", "-", "-", "-", "-", "failed"]

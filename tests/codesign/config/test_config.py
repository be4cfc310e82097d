import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from codesign import config
from codesign.cluster import ClusterSettings
from codesign.config import Racing, Settings
from codesign.errors import UsageError
from hyperdistill_core.settings import SettingsError, describe_fields
from morph_ops.errors import UnknownNameError


def read_back(settings):
    return Settings.from_dict(config.parse_toml(config.to_toml(settings), source="settings"))


@pytest.mark.parametrize("preset", sorted(config.presets()))
def test_resolved_settings_survive_toml(preset):
    settings = config.load(preset=preset)
    assert read_back(settings) == settings


@hypothesis_settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.text(max_size=8),
    st.floats(1e-6, 1e9),
    st.dictionaries(st.sampled_from(["gear", "dof", "package.module:name"]), st.floats(1e-9, 1e9)),
    st.sampled_from([None, Racing(), Racing(margin=0.1)]),
)
def test_settings_survive_toml(controller, mass, weights, racing):
    tables = {"limits": {"mass": mass}, "rates": {"operators": weights}, "racing": racing}
    settings = Settings.from_dict({"controller": controller, **tables})
    assert read_back(settings) == settings


def test_toml_keeps_awkward_text():
    settings = Settings(controller='a "quoted" \\ path\x7f\n')
    assert read_back(settings) == settings


def test_one_task_or_several():
    several = Settings(tasks=["csr", "flat"])
    assert several.task_names == ("csr", "flat")
    assert several.task == "csr", "what shows one world shows the first"
    assert read_back(several) == several
    assert Settings(tasks=["csr"]) == Settings(task="csr")
    assert Settings().task_names == ("flat",)


def test_later_tasks_replace_earlier_ones(tmp_path):
    several = ["csr", "incline"]
    assert Settings(task="flat").replace(tasks=several).task_names == ("csr", "incline")
    assert Settings(tasks=several).replace(task="flat").task_names == ("flat",)
    file = tmp_path / "campaign.toml"
    file.write_text('tasks = ["flat", "escape"]')
    assert config.load(file=file, assignments=["task=csr"]).task_names == ("csr",)
    assert config.load(file=file, overrides={"tasks": several}).task_names == ("csr", "incline")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"task": "flat", "tasks": ["csr", "flat"]}, "tasks: expected task or tasks, got both"),
        ({"tasks": ["csr", "csr"]}, "tasks: expected different ones, got csr, csr"),
        ({"aggregate": "max"}, "aggregate: expected 'mean' or 'min', got 'max'"),
        ({"tasks": ["csr", "flat"], "best_of": 2}, "best_of: expected 1 on several tasks, got 2"),
        ({"tasks": ["csr", "flat"], "racing": True}, "racing: expected one task, got csr, flat"),
        ({"objectives": ["score@csr", "mass"]}, "after the @ of score@csr, got flat as the tasks"),
        ({"objectives": ["scor@csr", "mass"]}, "no objective 'scor': did you mean 'score'"),
    ],
)
def test_what_several_tasks_exclude(values, message):
    with pytest.raises(SettingsError, match=message):
        Settings.from_dict(values)


def test_robustness_on_one_task_needs_perturbations():
    values = {"tasks": ["csr", "flat"], "objectives": ["robustness@csr", "score"]}
    assert Settings.from_dict({"algorithm": "nsga2", **values}).needs_robustness
    assert not Settings.from_dict(values).needs_robustness


def test_every_setting_is_described():
    for row in describe_fields(Settings):
        assert row.description.endswith("."), row.name


@pytest.mark.parametrize(
    "registry", [config.ALGORITHMS, config.OBJECTIVES, config.DESCRIPTORS], ids=lambda r: r.what
)
def test_every_name_has_a_definition(registry):
    assert len({id(registry.lookup(name)) for name in registry}) == len(registry)
    with pytest.raises(UnknownNameError, match=f"no {registry.what} 'none'. Choices: "):
        registry.lookup("none")


def test_islands_are_algorithms():
    assert set(config.ISLANDS) <= set(config.RACING) <= set(config.ALGORITHMS)


def test_quickstart_is_as_large_as_promised():
    settings = config.load(preset="quickstart")
    assert settings.total >= 200
    assert settings.generations >= 6
    assert settings.task == "flat"


@pytest.mark.parametrize(
    ("assignments", "gone"),
    [
        (["start=robots"], {"screened"}),
        (["tasks=['flat', 'csr']"], {"screened", "finetune_steps", "brood"}),
        (["tasks=['csr']"], set()),
        (["task=patrol"], {"brood"}),
        (["tasks=['patrol']"], {"brood"}),
        (["algorithm=random"], {"brood"}),
        (["population=513"], {"screened"}),
        (["population=512"], set()),
    ],
)
def test_what_does_not_go_with_the_users_settings_gives_way(assignments, gone):
    settings = config.load(preset="quickstart", assignments=assignments)
    usual = config.load(preset="quickstart")
    for name, without in (("screened", 0), ("finetune_steps", 0), ("brood", 1)):
        assert getattr(usual, name) > without
        assert getattr(settings, name) == (without if name in gone else getattr(usual, name))


def test_what_the_user_sets_himself_does_not_give_way(tmp_path):
    with pytest.raises(SettingsError, match="screened: expected 0 with bodies of your own"):
        config.load(preset="quickstart", assignments=["start=robots", "screened=512"])
    file = tmp_path / "campaign.toml"
    file.write_text("tasks = ['flat', 'csr']\nfinetune_steps = 5\n")
    with pytest.raises(SettingsError, match="finetune_steps: expected one task"):
        config.load(preset="quickstart", file=file)


def test_the_racing_of_a_preset_gives_way_where_scores_have_no_bounds():
    assert config.load(preset="derl", assignments=["task=csr"]).racing == Racing()
    for setting in ("task=point-nav", "task=escape", "tasks=['flat', 'csr']"):
        assert config.load(preset="derl", assignments=[setting]).racing is None
    with pytest.raises(SettingsError, match="racing: expected a task that rewards moving along x"):
        config.load(preset="derl", assignments=["task=point-nav", "racing.steps=50"])


@pytest.mark.parametrize(
    ("assignments", "objectives"),
    [
        ([], ["speed", "cost_of_transport"]),
        (["task=csr"], ["speed", "cost_of_transport"]),
        (["tasks=['flat', 'csr']"], ["speed", "cost_of_transport"]),
        (["task=patrol"], ["score", "mass"]),
        (["tasks=['escape']"], ["score", "mass"]),
        (["tasks=['flat', 'point-nav']"], ["score", "mass"]),
        (["task=patrol", "objectives=['speed', 'mass']"], ["speed", "mass"]),
        (["task=patrol", "algorithm=aging"], ["speed", "cost_of_transport"]),
    ],
)
def test_objectives_along_x_give_way_where_the_task_rewards_something_else(assignments, objectives):
    assert config.load(preset="nsga2", assignments=assignments).objectives == objectives
    others = ["algorithm=nsga2", *assignments]
    assert config.load(preset="quickstart", assignments=others).objectives == objectives


def test_derl_has_its_published_size():
    settings = config.load(preset="derl")
    assert (settings.total, settings.population, settings.tournament) == (4000, 576, 4)
    assert settings.racing == Racing()


def test_what_a_preset_turns_on_can_be_turned_off():
    whole = config.load(preset="derl", assignments=["racing=false"])
    assert whole.racing is None
    assert "racing" not in config.to_toml(whole)
    assert config.load(preset="derl", assignments=["racing=false", "algorithm=nsga2"])
    assert config.load(assignments=["racing=true"]).racing == Racing()
    back_on = config.load(preset="derl", assignments=["racing=false", "racing.steps=50"])
    assert back_on.racing == Racing(steps=50)


def test_later_sources_win(tmp_path):
    file = tmp_path / "campaign.toml"
    file.write_text("population = 10\nepisodes = 3\nseed = 1\n[rates]\ncrossover = 0.5\n")
    settings = config.load(
        preset="quickstart",
        file=file,
        assignments=["episodes=2", "rates.operators.gear=0", "task=flat-reference"],
        overrides={"seed": 7, "workers": None},
    )
    assert (settings.population, settings.episodes, settings.seed) == (10, 2, 7)
    assert settings.rates.crossover == 0.5
    assert settings.rates.mutation == 0.5
    assert settings.rates.operators["gear"] == 0.0
    assert settings.rates.operators["dof"] == 1.0
    assert settings.task == "flat-reference"


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().population = 3  # type: ignore[misc] # that it cannot be set is the point


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("populaton=3", r"no setting 'populaton': did you mean 'population'\?"),
        ("population=-3", "population: expected at least 2, got -3"),
        ("population=1.5", "population: expected an integer, got 1.5"),
        ("population=true", "population: expected an integer, got True"),
        ("algorithm=agin", "no algorithm 'agin': did you mean 'aging'"),
        ("alarms.sped=1", "alarms: no setting 'sped': did you mean 'speed'"),
        ("alarms.diversity=1.5", "alarms.diversity: expected 0 .. 1, got 1.5"),
        ("alarms=3", "alarms: expected a table, got 3"),
        ("rates.crosover=1", "did you mean 'crossover'"),
        ("rates.crossover=1.5", "rates.crossover: expected 0 .. 1, got 1.5"),
        ("rates.operators.gaer=1", "no operator 'gaer': did you mean 'gear'"),
        ("rates.operators.gear=-1", "gear: expected a weight of at least 0, got -1"),
        ("rates=1", "rates: expected a table, got 1"),
        ("candidates=1000000", "candidates: expected at most"),
        ("population", "expected key=value"),
        (".=1", "expected key=value"),
        ("episodes=4\nworkers=1", "episodes: expected an integer"),
    ],
)
def test_wrong_assignments_say_what_is_wrong(assignment, message):
    with pytest.raises(SettingsError, match=message) as caught:
        config.load(assignments=[assignment])
    assert "\n" not in str(caught.value)


def test_operators_cannot_all_be_off():
    names = config.Rates().operators
    with pytest.raises(SettingsError, match="weight above 0 for at least one operator"):
        Settings.from_dict({"rates": {"operators": dict.fromkeys(names, 0.0)}})


def test_unknown_preset_lists_the_others():
    with pytest.raises(UnknownNameError, match=r"did you mean 'quickstart'\? Choices: aging"):
        config.load(preset="quickstrat")


def test_unreadable_files(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml: no such file"):
        config.load(file=tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("population = = 3")
    with pytest.raises(UsageError, match=r"broken.toml is not valid TOML: .*line 1"):
        config.load(file=broken)


CLUSTER = {"kind": "slurm", "jobs": 4, "options": {"queue": "main", "extra": ["-x", "1"]}}


def test_a_cluster_survives_toml():
    nested = {**CLUSTER["options"], "scheduler_options": {"port": 8786}}
    settings = Settings.from_dict({"cluster": {**CLUSTER, "options": nested}})
    assert read_back(settings) == settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "slrum"}, "no kind of cluster 'slrum': did you mean 'slurm'? Choices: htcondor"),
        ({"kind": None}, "expected either a scheduler's address or a kind, got neither"),
        ({"scheduler": "tcp://a:1"}, "a scheduler's address or a kind, got both"),
        ({"kind": None, "scheduler": "a:1"}, "expected an address such as tcp://host:8786, got"),
        ({"kind": "local"}, "cluster: jobs does not apply to local"),
        ({"workers": 2}, "cluster: workers does not apply to slurm"),
        ({"options": {"a b": 1}}, "expected names of letters, digits, _ and -, got 'a b'"),
        (
            {"options": {"a": [None]}},
            "cluster.options: a: expected text, a finite number",
        ),
        ({"options": 3}, "cluster.options: expected a table, got 3"),
        ({"job": 3}, "cluster: no setting 'job': did you mean 'jobs'"),
        ({"jobs": 0}, "cluster.jobs: expected at least 1, got 0"),
    ],
)
def test_a_wrong_cluster_is_one_line(change, message):
    with pytest.raises(SettingsError) as caught:
        Settings.from_dict({"cluster": {**CLUSTER, **change}})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"racing": {"step": 3}}, "racing: no setting 'step': did you mean 'steps'"),
        ({"algorithm": "nsga2", "racing": {}}, r"racing: expected an algorithm .* got nsga2"),
        ({"variants": 4, "best_of": 2}, r"variants: expected .* got variants=4 and best_of=2"),
        ({"locked": ["limb/0"]}, "locked: expected the robots .* got no start"),
        ({"objectives": ["sped", "mass"]}, "objectives: no objective 'sped': did you mean 'speed'"),
        ({"objectives": ["speed"]}, "objectives: expected 2 to 4 of them, got 1"),
        (
            {"objectives": ["speed", "speed"]},
            "objectives: expected different ones, got speed, speed",
        ),
        ({"descriptors": []}, "descriptors: expected 1 to 4 of them, got 0"),
        ({"islands": ["aging", "nsga2"]}, "islands: no island 'nsga2'. Choices: aging, mu_plus"),
        ({"islands": ["aging", "own:Aging"]}, "islands: no island 'own:Aging'. Choices: aging"),
        (
            {"algorithm": "islands", "population": 12},
            "population: expected at least 4 bodies for each of 4 islands, got 12 in total; 16",
        ),
        (
            {"algorithm": "islands", "population": 18},
            "population: expected a multiple of 4, the number of islands, got 18; 16 would do",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, message):
    with pytest.raises(SettingsError, match=f"^{message}"):
        Settings.from_dict(values)


def test_an_address_names_a_cluster():
    assert config.cluster_at("none") is None
    assert config.cluster_at("tcp://host:8786") == ClusterSettings(scheduler="tcp://host:8786")
    with pytest.raises(SettingsError, match=r"expected an address .*, got 'slurm'"):
        config.cluster_at("slurm")


def test_start_of_a_campaign_file_is_beside_it(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    file = tmp_path / "campaigns" / "mine.toml"
    file.parent.mkdir()
    file.write_text('start = "robots"')
    assert config.load(file=file).start == str(tmp_path / "campaigns" / "robots")
    # What the command line names is sought where it was typed.
    assert config.load(file=file, assignments=["start=mine"]).start == str(
        tmp_path / "elsewhere" / "mine"
    )
    file.write_text(f'start = "{tmp_path}/robots"')
    assert config.load(file=file).start == str(tmp_path / "robots")


def test_an_algorithm_that_keeps_no_bodies_has_none_to_reevaluate():
    with pytest.raises(SettingsError, match="reevaluate_every: expected 0 with the algorithm rand"):
        Settings(algorithm="random", reevaluate_every=2)
    assert Settings(algorithm="map_elites", reevaluate_every=2).reevaluate_every == 2

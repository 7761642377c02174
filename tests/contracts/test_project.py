"""Agreements between files that no single one of them can keep."""

import re
import subprocess
import sys
import warnings

import pytest
import yaml
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from ganflow.config import RUN_SECTIONS, SECTIONS


@pytest.fixture(scope="module")
def registered(project_root):
    bootstrap_project(project_root)
    return dict(pipelines)


@pytest.fixture(scope="module")
def catalog(project_root):
    return yaml.safe_load((project_root / "conf/base/catalog.yml").read_text())


MAIN_JOB = ("data", "networks", "extractor", "training", "sampling", "evaluation")


def test_the_default_pipeline_is_the_sum_of_the_main_jobs(registered):
    assert set(registered) == {"__default__", *MAIN_JOB, "reporting", "seed_study", "retraining"}
    parts = {node.name for name in MAIN_JOB for node in registered[name].nodes}
    # the page alone can be made again
    pages = {"reporting.describe_training", "reporting.describe_run", "reporting.draw_curves", "reporting.write_report"}
    assert sorted(parts | pages) == sorted(node.name for node in registered["__default__"].nodes)
    assert [node.name for node in registered["reporting"].nodes] == ["reporting.write_report"]


def test_every_node_is_in_a_group_that_folds(registered):
    # Kedro warns of a group that others lie within; kedro-viz would draw it as a circle
    for pipeline in registered.values():
        assert all(node.namespace for node in pipeline.nodes)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pipeline._validate_namespaces()


def test_every_dataset_is_in_the_catalog_and_every_entry_is_used(registered, catalog):
    used = {name for pipeline in registered.values() for name in pipeline.datasets() if not name.startswith("params:")}
    # the parameters as a whole are Kedro's, and how long runs take is noted by a hook
    assert used - {"parameters"} == set(catalog) - {"durations"}


def test_every_entry_has_a_layer_for_kedro_viz(catalog):
    assert [name for name, entry in catalog.items() if not entry["metadata"]["kedro-viz"]["layer"]] == []


def test_every_section_is_used_and_typed_where_it_is(registered):
    from kedro.validation.type_extractor import TypeExtractor

    assert TypeExtractor(registered).extract_types_from_pipelines() == {
        name: section for name, section in SECTIONS.items() if name not in RUN_SECTIONS
    }


def test_the_default_pipeline_starts_from_parameters_and_earlier_files_alone(registered):
    free = registered["__default__"].inputs()
    assert {name for name in free if not name.startswith("params:")} == {
        "earlier_checkpoints",
        "earlier_held_out_images",
        "earlier_history",
        "earlier_train_images",
        "initial_state",
        "stored_feature_extractor",
        "own_images",
        "earlier_pictures",
        # what a page tells of besides
        "parameters",
        "default_parameters",
        "surroundings",
        "now",
        "earlier_run_reports",
    }


def test_training_streams_and_saves_the_checkpoint_last(registered):
    import inspect

    (node,) = [node for node in registered["training"].nodes if node.name == "training.train_gan"]
    assert inspect.isgeneratorfunction(node.func)
    assert node.outputs[-1] == "checkpoints"


def test_listing_commands_need_neither_tensorflow_nor_mlflow():
    modules = "ganflow.cli, ganflow.pipeline_registry, ganflow.settings, ganflow.datasets, ganflow.metrics.report"
    heavy = "{'tensorflow', 'keras', 'mlflow', 'apscheduler'}"
    code = f"import sys, {modules}; print(sorted({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_names_versions_and_hashes_only(project_root, name):
    lines = (project_root / name).read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.\[\]-]+==\S+( ; [^/]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line)] == []


def test_the_lock_holds_every_declared_dependency(project_root):
    import tomllib

    project = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]
    for name, requirements in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-dev.lock", project["dependencies"] + project["optional-dependencies"]["dev"]),
    ):
        locked = {line.split("==")[0].lower() for line in (project_root / name).read_text().splitlines() if "==" in line}
        declared = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}
        assert declared - locked == set()


def test_the_gpu_extra_is_the_same_tensorflow(project_root):
    import tomllib

    project = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]
    (plain,) = [requirement for requirement in project["dependencies"] if requirement.startswith("tensorflow")]
    assert project["optional-dependencies"]["gpu"] == [plain.replace("tensorflow", "tensorflow[and-cuda]")]


def test_airflow_is_constrained_by_names_and_versions_only(project_root):
    lines = (project_root / ".ci/airflow-constraints.txt").read_text().splitlines()
    packages = [line for line in lines if not line.startswith("#")]
    assert "apache-airflow" in {package.split("==")[0] for package in packages}
    assert [line for line in packages if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)] == []


def test_every_skip_that_is_allowed_is_one_that_a_test_gives_as_its_reason(project_root):
    lines = (project_root / ".ci/allowed-skips.txt").read_text().splitlines()
    sources = "".join(path.read_text() for path in (project_root / "tests").rglob("*.py"))
    assert [line for line in lines if not line.startswith("#") and f'"{line}"' not in sources] == []


def test_telemetry_is_off(project_root):
    assert yaml.safe_load((project_root / ".telemetry").read_text()) == {"consent": False}


def test_every_dependency_has_its_reason(project_root):
    import tomllib

    reasons = (project_root / "docs/decisions/0001-dependencies.md").read_text()
    project = tomllib.loads((project_root / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w.-]+", requirement)[0] for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]]
    assert [name for name in names if name not in reasons] == []


PRESETS = ("classic", "dcgan", "hinge_sn", "images", "lsgan", "r3gan", "smoke", "video", "video_paper", "wgan", "wgan_gp", "base")
CLIPS = {"video": (16, 32, 32, 1), "video_paper": (32, 64, 64, 3)}


def test_presets_are_the_environments(project_root):
    from ganflow.datasets import RecipesDataset

    assert set(RecipesDataset(path=project_root / "conf").load()) == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_builds_and_may_be_combined(project_root, name):
    from ganflow.datasets import RecipesDataset
    from ganflow.losses.compatibility import check_recipe
    from ganflow.networks import build_pair

    parameters = RecipesDataset(path=project_root / "conf").load()[name]()
    sections = {key: section.model_validate(parameters[key]) for key, section in SECTIONS.items()}
    check_recipe(sections["training"], sections["networks"].discriminator)
    # a preset with tables of its own for pictures says their size
    own, size = sections["data"], sections["data"].image
    shape = CLIPS.get(name) or ((size.height, size.width, size.channels) if own.source == "folder" else (28, 28, 1))
    generator, discriminator = build_pair(sections["networks"], shape)
    assert (generator["config"]["name"], discriminator["config"]["name"]) == ("generator", "discriminator")


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in ("base", "smoke")])
def test_every_recipe_is_in_the_table_of_the_docs(project_root, name):
    assert f"| {name} |" in (project_root / "docs/recipes.md").read_text()


def test_every_finding_is_in_the_docs(project_root):
    from ganflow.doctor.rules import RULES

    source = (project_root / "src/ganflow/doctor/advice.py").read_text()
    names = {rule.__name__ for rule in RULES} | set(re.findall(r'Finding\(\s*"(\w+)"', source))
    assert {"noise_images", "layer_order", "pixel_range"} <= names
    page = (project_root / "docs/health.md").read_text()
    assert [name for name in sorted(names) if f"| `{name}` |" not in page] == []


def test_the_disk_that_is_announced_is_that_of_the_checkpoints_that_are_kept(project_root):
    import yaml

    from ganflow.training.estimate import NUM_KEPT

    catalog = yaml.safe_load((project_root / "conf/base/catalog.yml").read_text())
    assert sum(catalog[name]["keep"] for name in ("checkpoints", "best_checkpoints")) == NUM_KEPT

"""A study trains every recipe from every seed, goes on where it stopped, and says how far the runs spread."""

import csv

import pytest
from browser import check
from kedro_commands import Moment

# what the command line says holds for every recipe: r3gan's own batches are of 64 images
CHANGES = "seed_study.num_seeds=2,seed_study.recipes=[smoke,r3gan],seed_study.num_steps=10,training.batch_size=12"
STUDY = ("--pipelines", "seed_study", "--params", CHANGES)


SMALL = "tests/end_to_end/test_seed_study.py::test_a_failed_run_is_counted_and_does_not_end_the_study"


def table(project, name):
    return list(csv.DictReader((project.root / "data/08_reporting/study" / f"{name}.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def studied(once, seeded):
    """Killed once while its third run trained, and started again."""

    def make(project):
        seeded.copy(project.root)
        # runs of 10 steps: the beginning, step 5 and step 10 of the recipe smoke, the beginning and step 10 of r3gan, and so on
        project.kill("run", "--env", "smoke", *STUDY, at=Moment("checkpoints", 6))
        before = {path: path.stat().st_mtime_ns for path in project.checkpoints()}
        (project.root / "study.log").write_text(project.smoke(*STUDY))
        untouched = sum(path.exists() and path.stat().st_mtime_ns == time for path, time in before.items())
        (project.root / "untouched.txt").write_text(str(untouched))

    return once("studied", make)


@pytest.mark.longer(twin=SMALL)
def test_it_goes_on_where_it_stopped(studied):
    log = (studied.root / "study.log").read_text()
    assert log.count("has done all of its 10 steps already") == 2
    assert log.count("continues from its checkpoint at step 0 of 10") == 1
    assert "run 4 of 4, recipe 'r3gan', seed 1" in log
    # the checkpoints of both finished runs: steps 0, 5 and 10 of the one, 0 and 10 of the other; the third saves its beginning once more
    assert int((studied.root / "untouched.txt").read_text()) == 5


@pytest.mark.longer(twin=SMALL)
def test_every_run_is_scored_and_listed(studied):
    runs = table(studied, "runs")
    assert [(run["recipe"], run["seed"]) for run in runs] == [("smoke", "0"), ("r3gan", "0"), ("smoke", "1"), ("r3gan", "1")]
    assert len({run["run_id"] for run in runs}) == 4
    assert {run["outcome"] for run in runs} == {"healthy"}
    assert all(float(run["frechet_distance_500_heldout"]) > 0 for run in runs)


@pytest.mark.longer(twin=SMALL)
def test_the_command_line_holds_for_every_recipe(studied):
    for run in table(studied, "runs"):
        history = studied.root / f"data/06_models/runs/{run['run_id']}/history.csv"
        last = list(csv.DictReader(history.read_text().splitlines()))[-1]
        assert (last["step"], last["images_seen"]) == ("10", "120")


@pytest.mark.longer(twin=SMALL)
def test_the_table_is_the_spread_of_the_runs(studied):
    runs = [float(run["kernel_distance_500_heldout"]) for run in table(studied, "runs") if run["recipe"] == "smoke"]
    (row,) = [row for row in table(studied, "table") if (row["recipe"], row["metric"]) == ("smoke", "kernel_distance_500_heldout")]
    assert (row["num"], row["num_runs"], row["num_failed"]) == ("2", "2", "0")
    assert float(row["mean"]) == pytest.approx(sum(runs) / 2)
    assert float(row["maximum"]) == pytest.approx(max(runs))


@pytest.mark.longer(twin=SMALL)
def test_recipes_are_compared_with_the_first(studied):
    rows = table(studied, "comparison")
    assert {(row["recipe"], row["other"]) for row in rows} == {("smoke", "r3gan")}
    (row,) = [row for row in rows if row["metric"] == "frechet_distance_500_heldout"]
    assert 0 <= float(row["p_value"]) <= 1
    assert float(row["low"]) < float(row["difference"]) < float(row["high"])


@pytest.mark.longer(twin=SMALL)
def test_the_page_has_the_curves_of_every_run(browser, studied):
    check(browser, studied.root / "data/08_reporting/study/report.html")
    names = {f"{recipe}, seed {seed}" for recipe in ("smoke", "r3gan") for seed in (0, 1)}
    shown = browser.execute_script("return [...document.querySelectorAll('[data-figure] .legendtext')].map((each) => each.textContent)")
    assert set(shown) == names


def test_a_failed_run_is_counted_and_does_not_end_the_study(project):
    wild = "training.generator_optimizer.learning_rate=1e30,training.discriminator_optimizer.learning_rate=1e30"
    output = project.smoke("--pipelines", "seed_study", "--params", f"seed_study.num_seeds=2,{wild}")
    assert output.count("This run has failed, the study goes on") == 2
    runs = table(project, "runs")
    assert [(run["recipe"], run["outcome"], run["findings"]) for run in runs] == [("current", "diverged", "divergence")] * 2
    assert [(row["num_runs"], row["num_failed"], row["failures"]) for row in table(project, "table")] == [("2", "2", "2 diverged")]


@pytest.mark.longer(twin=SMALL)
def test_a_study_of_stopped_runs_can_be_started_again(project):
    still = "training.generator_optimizer.learning_rate=1e-12,training.num_steps=1000,health.warmup_steps=0,health.on_collapse=stop"
    for _ in range(2):
        output = project.smoke("--pipelines", "seed_study", "--params", f"seed_study.num_seeds=1,{still}")
        assert output.count("This run has failed, the study goes on") == 1
        (run,) = table(project, "runs")
        assert run["outcome"] == "stopped"
        assert [(row["num_failed"], row["failures"]) for row in table(project, "table")] == [("1", "1 stopped")]


def test_an_unknown_recipe_is_refused_before_anything_is_trained(empty_project):
    line = empty_project.refuse("run", "--env", "smoke", "--pipelines", "seed_study", "--params", "seed_study.recipes=[clasic]")
    assert "There is no recipe 'clasic'" in line
    assert not (empty_project.root / "data").exists()


def test_a_recipe_that_cannot_work_is_refused_before_anything_is_written(empty_project):
    changes = "seed_study.recipes=[base,wgan],training.gradient_penalty.weight=10"
    line = empty_project.refuse("run", "--env", "smoke", "--pipelines", "seed_study", "--params", changes)
    # of wgan alone: its networks normalise batches
    assert "training.gradient_penalty is set, but networks.discriminator.normalization is 'batch'" in line
    assert not (empty_project.root / "data").exists()

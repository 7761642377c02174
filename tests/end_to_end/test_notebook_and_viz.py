"""What a user opens besides the command line works on a finished project."""

import functools
import http.server
import json
import shutil
import threading

import nbformat
import pytest
from browser import content
from nbclient import NotebookClient
from selenium.webdriver.common.by import By


def test_the_notebook_runs_on_a_finished_project(finished, project_root, tmp_path):
    notebooks = finished.copy(tmp_path / "project").root / "notebooks"
    notebooks.mkdir()
    shutil.copy(project_root / "notebooks/explore.ipynb", notebooks)
    notebook = nbformat.read(notebooks / "explore.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(notebooks)}}).execute()
    shown = [output["data"] for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    # generated and real images, the image of two seeds; curves and rates
    assert [sum(kind in data for data in shown) for kind in ("image/png", "application/vnd.plotly.v1+json")] == [2, 2]
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    assert sum(widget["model_name"] in ("IntSliderModel", "FloatSliderModel") for widget in widgets) == 4
    (drawn,) = [widget["state"]["outputs"] for widget in widgets if widget["model_name"] == "OutputModel"]
    assert any("image/png" in output["data"] for output in drawn)


def test_the_notebook_is_kept_without_what_it_showed(project_root):
    notebook = nbformat.read(project_root / "notebooks/explore.ipynb", as_version=4)
    assert [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []


@pytest.fixture(scope="module")
def site(once, finished):
    """Folder of the site that kedro-viz writes of a finished project."""

    def make(project):
        finished.copy(project.root)
        project.run("viz", "build", "--include-previews")

    return once("site", make).root / "build"


def test_viz_shows_the_pipelines_with_layers_and_previews(site):
    api = site / "api"
    main = json.loads((api / "main").read_text())
    assert {pipeline["id"] for pipeline in main["pipelines"]} == {
        "__default__", "data", "networks", "extractor", "training", "sampling", "evaluation", "reporting", "seed_study", "retraining",
    }  # fmt: skip
    assert main["layers"] == ["raw", "intermediate", "model_input", "models", "feature", "model_output", "reporting"]
    nodes = {node["name"]: node["id"] for node in main["nodes"]}
    kinds = {
        "sample_sheet": "ImagePreview",
        "interpolation": "ImagePreview",
        "evolution": "ImagePreview",
        "training_sheets": "ImagePreview",
        "training_curves": "PlotlyPreview",
        "training_history": "TablePreview",
        "metrics_table": "TablePreview",
        "metrics": "JSONPreview",
        "diagnosis": "JSONPreview",
    }
    shown = {name: json.loads((api / "nodes" / nodes[name]).read_text()) for name in kinds}
    assert {name: details["preview_type"] for name, details in shown.items()} == kinds
    assert all(details["preview"] for details in shown.values())


@pytest.fixture
def address(site):
    """Where the site is served."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_click_on_the_sample_sheet_shows_it(browser, address, finished):
    browser.get(address)
    # groups are folded: their datasets are drawn, their nodes are not
    drawn = browser.wait_for(
        "const found = [...document.querySelectorAll('.pipeline-node__text')]; return found.map((each) => each.textContent)"
    )
    assert {"data", "networks", "extractor", "training", "sampling", "evaluation", "reporting", "sample_sheet"} <= set(drawn)
    assert "draw_sheet" not in drawn
    row = browser.wait_for("return document.querySelector('[data-test=\"node-list-tree-item--row--sample_sheet\"]')")
    browser.execute_script("arguments[0].click()", row)
    picture = browser.wait_for("return document.querySelector('.pipeline-metadata__plot-image')")
    assert content(picture.get_attribute("src")) == (finished.root / "data/07_model_output/sample_sheet.png").read_bytes()
    assert picture.is_displayed()
    # the curves are drawn, not only described
    browser.execute_script(
        "arguments[0].click()", browser.find_element(By.CSS_SELECTOR, '[data-test="node-list-tree-item--row--training_curves"]')
    )
    assert browser.wait_for("return document.querySelector('.pipeline-plotly-chart .main-svg, .js-plotly-plot .main-svg') !== null")


@pytest.mark.longer(twin="tests/end_to_end/test_notebook_and_viz.py::test_viz_shows_the_pipelines_with_layers_and_previews")
def test_viz_shows_the_state_of_the_last_retraining_and_keeps_it_where_there_was_nothing_to_do(finished, tmp_path):
    project = finished.copy(tmp_path / "project")
    events = project.root / ".viz/kedro_pipeline_events.json"
    gate = "retraining.gate.every_class=false,retraining.gate.minimum_nearest_distance=null,retraining.gate.healthy=false"
    arguments = ("--pipelines", "retraining", "--params", f"tracking.enabled=true,{gate}")
    project.smoke(*arguments)
    recorded = events.read_text()
    ran = {event["node"] for event in json.loads(recorded) if event["event"] == "after_node_run"}
    assert {"data.prepare_images", "reason.find_reason", "training.train_gan", "trial.decide"} <= ran
    assert json.loads(recorded)[-1]["event"] == "after_pipeline_run"
    assert "Nothing to do" in project.smoke(*arguments)
    assert events.read_text() == recorded
    # nor does a part of it take its place
    project.smoke("--pipelines", "sampling")
    assert events.read_text() == recorded

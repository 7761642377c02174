"""What a user opens besides the command line works on a finished project."""

import json
import shutil

import nbformat
from nbclient import NotebookClient


def test_the_notebook_runs_on_a_finished_project(finished, project_root, tmp_path):
    notebooks = finished.copy(tmp_path / "project").root / "notebooks"
    notebooks.mkdir()
    shutil.copy(project_root / "notebooks/explore.ipynb", notebooks)
    notebook = nbformat.read(notebooks / "explore.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(notebooks)}}).execute()
    pictures = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    # losses, kernel distance, sheet, strip
    assert len(pictures) == 4


def test_viz_shows_the_pipelines_with_layers_and_previews(finished, tmp_path):
    project = finished.copy(tmp_path / "project")
    project.run("viz", "build", "--include-previews")
    api = project.root / "build/api"
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
        "training_history": "TablePreview",
        "metrics_table": "TablePreview",
        "metrics": "JSONPreview",
        "diagnosis": "JSONPreview",
    }
    shown = {name: json.loads((api / "nodes" / nodes[name]).read_text()) for name in kinds}
    assert {name: details["preview_type"] for name, details in shown.items()} == kinds
    assert all(details["preview"] for details in shown.values())

"""Pages in a real browser: whole, quiet, usable by everyone."""

import io
import json
import shutil

import numpy as np
import pandas as pd
from browser import check, content, open_page
from PIL import Image
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from ganflow.reporting.pages import write_run
from ganflow.reporting.pictures import embed
from ganflow.reporting.sheets import film_strip, tile


def shown(browser, selector):
    picture = content(browser.find_element(By.CSS_SELECTOR, selector).get_attribute("src"))
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L"))


def test_the_report_of_a_run(browser, finished):
    page = finished.root / "data/08_reporting/report.html"
    assert page.stat().st_size < 8_000_000
    check(browser, page)


def test_the_slider_moves_the_picture_and_the_curves_react(browser, finished):
    open_page(browser, finished.root / "data/08_reporting/report.html")
    sheets = sorted(next((finished.root / "data/06_models/runs").iterdir()).glob("sheets/*.png"))
    slider = browser.find_element(By.ID, "evolution-slider")
    for sheet in reversed(sheets):
        assert np.array_equal(shown(browser, "#evolution-picture"), np.asarray(Image.open(sheet)))
        assert browser.find_element(By.ID, "evolution-label").text == f"step {int(sheet.stem[5:])}"
        slider.send_keys(Keys.ARROW_LEFT)
    assert np.array_equal(shown(browser, "figure img"), np.asarray(Image.open(finished.root / "data/07_model_output/sample_sheet.png")))
    # over the first point of the upper curve
    point = browser.find_element(By.CSS_SELECTOR, "[data-figure] .scatterlayer .point")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", point)
    ActionChains(browser).move_to_element(point).perform()
    assert "kernel distance" in browser.wait_for("return document.querySelector('.hoverlayer')?.textContent")


def test_clips_move_and_can_be_stopped(browser, finished, tmp_path):
    run = finished.root / "data/06_models/runs" / finished.run_id()
    report, history = json.loads((run / "report.json").read_text()), pd.read_csv(run / "history.csv")
    # frames of one colour each, four clips on a sheet
    clip = np.repeat(np.arange(0, 250, 60, dtype=np.uint8), 64).reshape(1, -1, 8, 8, 1)
    sheet = embed(tile(np.repeat(clip, 4, axis=0), 2))
    shown = {"pictures": dict.fromkeys(report["pictures"], sheet) | {"frame_strip": embed(film_strip(clip)), "streams": sheet}}
    page = tmp_path / "clips.html"
    page.write_text(write_run(report | shown | {"evolution": [{"step": step, "picture": sheet} for step in (0, 20)]}, history))
    check(browser, page)
    sources = "return [...document.querySelectorAll('picture img')].map((image) => image.currentSrc)"
    assert set(browser.execute_script(sources)) == {sheet["source"]}
    button = browser.find_element(By.CSS_SELECTOR, "#motion button")
    button.click()
    assert browser.wait_for(f"return ({sources.removeprefix('return ')}).every((source) => source === {json.dumps(sheet['still'])})")
    browser.find_element(By.ID, "evolution-slider").send_keys(Keys.ARROW_LEFT)
    assert browser.find_element(By.ID, "evolution-picture").get_property("currentSrc") == sheet["still"]
    button.click()
    assert browser.wait_for(f"return ({sources.removeprefix('return ')}).every((source) => source === {json.dumps(sheet['source'])})")
    # whoever wants no motion sees none from the first
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    open_page(browser, page)
    assert set(browser.execute_script(sources)) == {sheet["still"]}


def test_two_runs_side_by_side(browser, finished, tmp_path):
    project = finished.copy(tmp_path / "project")
    project.smoke("--params", "training.seed=1")
    runs = sorted(path.name for path in (project.root / "data/06_models/runs").iterdir())
    project.smoke("--pipelines", "reporting", "--params", f"reporting.runs=[{','.join(runs)}]")
    check(browser, project.root / "data/08_reporting/report.html")
    text = browser.find_element(By.TAG_NAME, "main").text
    assert all(f"Run {name}" in text for name in runs)
    assert "training.seed" in text


def test_a_report_that_cannot_be_written_is_one_line_and_everything_else_is_there(project):
    page = project.root / "data/08_reporting/report.html"
    (page / "in the way").mkdir(parents=True)
    output = project.smoke(expect=1)
    (line,) = [line for line in output.splitlines() if page.name in line]
    assert line.startswith("error: ")
    # the last words come before it
    assert output.index("The doctor found nothing") < output.index("Generator: data/06_models/generator.keras") < output.index(line)
    assert {"07_model_output/sample_sheet.png", "08_reporting/metrics.json", "08_reporting/training_curves.json"} <= project.files().keys()


def test_without_the_sheets_of_training_the_rest_of_the_page_is_made(finished, tmp_path):
    project = finished.copy(tmp_path / "project")
    (run,) = (project.root / "data/06_models/runs").iterdir()
    shutil.rmtree(run / "sheets")
    output = project.smoke()
    assert output.count("has no sheets any more") == 1
    page = (project.root / "data/08_reporting/report.html").read_text()
    assert "There are no sheets of this run any more" in page
    assert "Samples of the generator" in page
    with Image.open(project.root / "data/07_model_output/evolution.png") as evolution:
        assert getattr(evolution, "n_frames", 1) == 1

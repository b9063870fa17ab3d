"""The notebook beside this file, executed by Jupyter's own tools."""

import os

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
nbconvert = pytest.importorskip("nbconvert")
pytest.importorskip("ipykernel")
pytest.importorskip("pandas")

TOUR = os.path.join(os.path.dirname(__file__), "tour.ipynb")


def test_the_tour_runs_and_shows_tables_plans_and_progress(mesh):
    notebook = nbformat.read(TOUR, as_version=4)
    nbclient.NotebookClient(notebook, timeout=90, kernel_name="python3").execute()
    html = [
        "".join(output["data"].get("text/html", "") for output in cell["outputs"] if "data" in output)
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]
    assert "<table>" in html[0] and "ubuntu-24.04" in html[0]
    assert "web-002" in html[1] and "made" in html[1]
    assert "dataframe" in html[2]
    assert "<svg" in html[3] and "cannot be undone" in html[3]
    text = "".join(output.get("text", "") for output in notebook.cells[6]["outputs"])
    assert text.strip() == "trained"
    assert notebook.cells[7]["outputs"][0]["data"]["text/plain"] == "True"
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert "<svg" in page and "web-003" in page


def test_progress_is_drawn_in_a_notebook(mesh):
    notebook = nbformat.v4.new_notebook()
    code = "import cloudmesh as cm\ncm.Mesh().hpc.run(['sleep', '1'], cluster='local', wait=True)"
    notebook.cells = [nbformat.v4.new_code_cell(code)]
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    html = "".join(output["data"].get("text/html", "") for output in notebook.cells[0]["outputs"] if "data" in output)
    assert "<progress" in html

"""Type checkers take what users write, and refuse what cannot be."""

import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(__file__)
USER = os.path.join(HERE, "typing", "user.py")


def mypy(*files):
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *files], capture_output=True, text=True, timeout=300
    )


def test_mypy_takes_a_users_program():
    pytest.importorskip("mypy")
    done = mypy(USER)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "line",
    [
        'mesh.vm.list(clod="sim")',
        'mesh.vm.boot(n="three")',
        "mesh.vm.list()[0].nmae",
        'mesh.vm.delete("web1").apply()',
        "mesh.vm.explode()",
    ],
)
def test_mypy_refuses_what_cannot_be(tmp_path, line):
    pytest.importorskip("mypy")
    program = tmp_path / "wrong.py"
    program.write_text(f"import cloudmesh as cm\nmesh = cm.Mesh()\n{line}\n")
    assert mypy(str(program)).returncode == 1


def test_pyright_takes_a_users_program(tmp_path):
    pytest.importorskip("pyright")
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text('{"include": ["%s"], "typeCheckingMode": "strict"}' % USER)
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(settings), "--pythonpath", sys.executable],
        capture_output=True, text=True, timeout=300,
    )
    if "error" in done.stderr and not done.stdout:
        pytest.skip("pyright cannot be had: it wants a Node.js of its own")
    assert done.returncode == 0, done.stdout

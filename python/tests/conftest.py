"""A folder of settings of its own for each test, and a simulated cloud in it. CLOUDMESH_PROGRAM names `cm`."""

import os
import signal
import subprocess

import pytest

import cloudmesh as cm

PROGRAM = os.environ.get("CLOUDMESH_PROGRAM", "cm")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("settings", "user", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    for name in [name for name in os.environ if name.startswith(("OS_", "CLOUDMESH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDMESH_PROGRAM", PROGRAM)
    monkeypatch.setenv("CLOUDMESH_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("USER", "albert")
    monkeypatch.chdir(tmp_path / "user")
    yield tmp_path / "settings"
    # The simulator and this folder's queue end with the test.
    needle = str(tmp_path / "settings").encode()
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if needle in file.read():
                        os.kill(int(name), signal.SIGTERM)
            except OSError:
                pass


@pytest.fixture
def cm_program(home):
    def run(*words):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    return run


@pytest.fixture
def mesh(cm_program):
    cm_program("sim", "up", "--build-time=20")
    cm_program("default", "set", "cloud=sim", "cluster=local", "image=ubuntu-24.04", "flavor=m1.small")
    return cm.Mesh()

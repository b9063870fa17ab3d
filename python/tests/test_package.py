"""What users of the package do."""

import asyncio
import inspect
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest

import cloudmesh as cm


def test_machines_from_nothing_to_nothing(mesh):
    made = mesh.vm.boot("web[1-3]", cloud="sim")
    assert made.names == ["web1", "web2", "web3"] and made.state == "done"
    assert [thing.place for thing in made] == ["sim"] * 3
    machines = mesh.vm.list(cloud="all", refresh=True)
    assert len(machines) == 3 and machines.complete and machines.errors == []
    assert machines[0].name == "web1" and machines[0]["status"] == "active"
    assert [machine.name for machine in machines[-2:]] == ["web2", "web3"]
    assert machines.column("flavor") == ["m1.small"] * 3
    assert isinstance(machines[0].addresses, list)
    assert mesh.vm.list(["web1", "web3"]).column("name") == ["web1", "web3"]
    assert mesh.vm.show("web2").one().image == "ubuntu-24.04"
    gone = mesh.vm.delete(made.names, yes=True)
    assert gone.state == "done"
    assert not mesh.vm.list(refresh=True)


def test_a_dry_run_gives_a_plan_that_can_be_applied(mesh):
    plan = mesh.vm.boot(n=2, dryrun=True)
    assert plan.summary["creates"] == [{"kind": "server", "place": "sim", "count": 2}]
    assert "boot 2 servers on sim" in str(plan) and "flavor is m1.small" in str(plan)
    assert not mesh.vm.list(refresh=True), "a dry run made machines"
    assert mesh.plan.list()[-1].state == "planned"
    done = plan.apply()
    assert done.plan == plan.id and len(mesh.vm.list(refresh=True)) == 2
    with pytest.raises(cm.Conflict):
        plan.apply()
    plan = mesh.vm.delete(done.names, dryrun=True)
    assert len(plan.irreversible) == 2 and "cannot be undone" in str(plan)
    plan.cancel()
    assert mesh.plan.list()[-1].state == "cancelled"
    with pytest.raises(cm.Conflict):
        plan.apply()
    assert len(mesh.vm.list(refresh=True)) == 2


def test_a_plan_that_touches_our_own_folder_alone_waits_too(mesh):
    mesh.key.add("laptop", generate=True)
    plan = mesh.key.delete("laptop", dryrun=True)
    assert len(mesh.key.list()) == 1, "a dry run took the key away"
    assert plan.apply().state == "done"
    assert len(mesh.key.list()) == 0


def test_what_destroys_something_wants_a_yes(mesh):
    mesh.vm.boot("web1")
    with pytest.raises(cm.Refused) as refused:
        mesh.vm.delete("web1")
    assert "yes=True" in refused.value.hint
    assert len(mesh.vm.list(refresh=True)) == 1


def test_errors_have_kinds_places_and_hints(mesh):
    with pytest.raises(cm.NotFound) as error:
        mesh.vm.list(cloud="nowhere")
    assert isinstance(error.value, LookupError) and error.value.kind == "not_found"
    assert "there are: sim" in error.value.hint and "hint:" in str(error.value)
    again = pickle.loads(pickle.dumps(error.value))
    assert type(again) is cm.NotFound and str(again) == str(error.value)
    with pytest.raises(cm.BadInput):
        mesh.hpc.run("true", n=0)
    with pytest.raises(cm.BadInput):
        mesh.vm.list("web[1-")
    with pytest.raises(TypeError):
        mesh.vm.list(clod="sim")
    with pytest.raises(TypeError):
        mesh.vm.list(cloud=object())


def test_every_kind_of_error_has_its_class():
    classes = {kind.kind: kind for kind in cm.Error.__subclasses__()}
    assert len(classes) == 17
    for kind in classes.values():
        assert getattr(cm, kind.__name__) is kind and kind.__doc__


def test_a_list_with_a_dead_place_is_given_and_says_so(mesh, cm_program):
    subprocess.run(
        [os.environ["CLOUDMESH_PROGRAM"], "register", "cloud", "dead", "--type=openstack", "--secrets-on-stdin"]
        + ["OS_AUTH_URL=http://127.0.0.1:9/v3", "OS_USERNAME=a", "OS_PROJECT_NAME=p"],
        input="OS_PASSWORD=secret-7\n", text=True, check=True, capture_output=True,
    )
    mesh.vm.boot("web1", cloud="sim")
    with pytest.warns(cm.Incomplete):
        machines = mesh.vm.list(cloud="all", refresh=True)
    assert len(machines) == 1 and not machines.complete
    assert [type(error) for error in machines.errors] == [cm.Unreachable] and machines.errors[0].place == "dead"
    with pytest.raises(cm.Unreachable) as error:
        mesh.vm.list(cloud="dead", refresh=True)
    assert len(error.value.table) == 0
    assert "secret-7" not in repr(error.value.__dict__)


def test_jobs_are_waited_for_and_read(mesh, tmp_path):
    script = tmp_path / "train.sh"
    script.write_text("#!/bin/sh\necho one\necho two >&2\n")
    job = mesh.hpc.run(script, cluster="local")
    (row,) = job.wait(timeout=30)
    assert row.status == "completed"
    assert job.output() == "one\n" and job.output(error=True) == "two\n"
    two = mesh.hpc.run(["echo", "hello"], cluster="local", n=2)
    assert len(two.wait(timeout=30)) == 2
    assert two.output().count("hello\n") == 2
    slow = mesh.hpc.run(["sleep", "60"], cluster="local")
    with pytest.raises(TimeoutError):
        slow.wait(timeout=0.3)
    mesh.hpc.delete(job="last", cluster="local", yes=True)


def test_a_stream_is_read_while_it_is_written(mesh):
    mesh.hpc.run(["sh", "-c", "echo first; sleep 1; echo second"], cluster="local")
    lines = []
    began = time.monotonic()
    for line in mesh.hpc.output("last", cluster="local", follow=True):
        lines.append((line, time.monotonic() - began))
    assert [line for line, _ in lines] == ["first", "second"]
    assert lines[0][1] < lines[1][1]
    with mesh.hpc.output("last", cluster="local") as stream:
        assert b"".join(stream.chunks()) == b"first\nsecond\n"
    with pytest.raises(cm.Error):
        mesh.hpc.output("no-such-job", cluster="local").text()


def test_a_change_in_the_background(mesh):
    handle = mesh.vm.boot(n=2, wait=False)
    assert isinstance(handle, cm.Handle)
    done = handle.wait(timeout=60)
    assert handle.done() and len(done) == 2 and handle.result() is done
    assert handle.told()[-1][1:3] == (4, 4)


def test_settings_say_what_is_so(mesh):
    assert "e516" in mesh.var.set({"course": "e516"})
    assert mesh.var.get("course").one().value == "e516"
    assert "zone" in mesh.default.set(["zone=nova"])
    mesh.group.add("web", ["web1", "web2"])
    assert mesh.group.list("web").column("name") == ["web1", "web2"]
    assert mesh.undo().state == "done"
    assert not mesh.group.list()
    assert mesh.log()[0].door in ("python", "prompt")


def test_sessions_are_given_not_run(mesh):
    mesh.key.add("laptop", generate=True)
    mesh.key.upload("laptop", cloud="sim")
    mesh.vm.boot("web1", key="laptop")
    attachment = mesh.vm.ssh("web1")
    assert attachment.argv[0].endswith("ssh") and attachment.about


def test_answers_are_those_of_the_prompt(mesh, cm_program):
    mesh.vm.boot("web[1-2]")
    for words, answer in [
        (["vm", "list"], mesh.vm.list()),
        (["image", "list"], mesh.image.list()),
        (["flavor", "show", "m1.small"], mesh.flavor.show("m1.small")),
        (["plan", "list"], mesh.plan.list()),
    ]:
        expected = json.loads(cm_program(*words, "-o", "json"))
        given = answer.to_json()
        if not given["places"]:
            del expected["as_of"], given["as_of"]
        assert given == expected, words


def test_the_same_in_a_loop(mesh):
    async def work():
        aio = mesh.aio
        assert isinstance(aio, cm.AsyncMesh)
        made, keys, images = await asyncio.gather(aio.vm.boot(n=2), aio.key.list(), aio.image.list(refresh=True))
        assert len(made) == 2 and len(images) > 1 and keys.complete
        plan = await aio.vm.delete(made.names, dryrun=True)
        assert len(plan.irreversible) == 2
        with pytest.raises(cm.NotFound):
            await aio.vm.list(cloud="nowhere")
        handle = await aio.vm.boot(n=1, wait=False)
        assert len(await handle) == 1
        job = await aio.hpc.run(["sh", "-c", "echo a; echo b"], cluster="local")
        lines = [line async for line in aio.hpc.output("last", cluster="local", follow=True)]
        assert lines == ["a", "b"] and job.state == "done"

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_loop_goes_on_while_it_waits(mesh):
    async def work():
        ticks = 0
        task = asyncio.ensure_future(mesh.aio.hpc.run(["sleep", "1"], cluster="local", wait=True))
        while not task.done():
            ticks += 1
            await asyncio.sleep(0.01)
        assert (await task).state == "done"
        return ticks

    assert asyncio.run(asyncio.wait_for(work(), 60)) > 20


def test_cancelling_stops_in_order(mesh):
    async def work():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(mesh.aio.hpc.run(["sleep", "60"], cluster="local", wait=True), 1)

    asyncio.run(work())
    until = time.monotonic() + 20
    while mesh.plan.list()[-1].state == "running" and time.monotonic() < until:
        time.sleep(0.05)
    assert mesh.plan.list()[-1].state == "interrupted"


def test_other_threads_run_while_one_waits(mesh):
    ticks = 0
    over = threading.Event()

    def tick():
        nonlocal ticks
        while not over.is_set():
            ticks += 1
            time.sleep(0.01)

    thread = threading.Thread(target=tick)
    thread.start()
    mesh.hpc.run(["sleep", "1"], cluster="local", wait=True)
    over.set()
    thread.join()
    assert ticks > 20


def test_many_threads_at_once(mesh):
    mesh.vm.boot(n=2)
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(len(mesh.vm.list()))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [2] * 16


@pytest.mark.parametrize("call", ['mesh.hpc.run(["sleep", "60"], cluster="local", wait=True)', "for _ in mesh.hpc.output('last', follow=True): pass"])
def test_ctrl_c_ends_waiting(mesh, call):
    if "output" in call:
        mesh.hpc.run(["sh", "-c", "echo on; sleep 60"], cluster="local")
    script = f"import cloudmesh as cm\nmesh = cm.Mesh()\nprint('ready', flush=True)\n{call}\n"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = child.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert "KeyboardInterrupt" in said and child.returncode != 0
    if "run" in call:
        assert mesh.plan.list()[-1].state == "interrupted"


def test_changes_elsewhere_are_heard(mesh, cm_program):
    heard = []

    def listen():
        for event in mesh.events(timeout=20):
            heard.append((time.monotonic(), event))
            if event.kind == "variable":
                return

    thread = threading.Thread(target=listen)
    thread.start()
    time.sleep(0.5)
    cm_program("var", "set", "course=e516")
    made = time.monotonic()
    thread.join(timeout=20)
    (at, event) = heard[-1]
    assert event.kind == "variable" and not event.deleted
    assert at - made < 2, "it came late"


def test_tables_become_data_frames(mesh):
    pandas = pytest.importorskip("pandas")
    mesh.vm.boot(n=2)
    frame = mesh.vm.list(refresh=True).to_pandas()
    assert list(frame["status"]) == ["active", "active"]
    assert isinstance(frame["created"].dtype, pandas.DatetimeTZDtype)
    assert str(frame["ours"].dtype) == "boolean"
    assert str(mesh.flavor.list().to_pandas()["memory"].dtype) == "Int64"
    assert len(mesh.key.list().to_pandas()) == 0


def test_notebooks_see_html(mesh):
    made = mesh.vm.boot("web1")
    assert "<table>" in made._repr_html_()
    assert "web1" in mesh.vm.list()._repr_html_() and "<td>active</td>" in mesh.vm.list()._repr_html_()
    shown = mesh.vm.delete("web1", dryrun=True)._repr_html_()
    assert "<svg" in shown and "delete server" in shown and "cannot be undone" in shown
    mesh.var.set({"note": "<script>alert(1)</script>"})
    assert "<script>" not in mesh.var.list()._repr_html_()
    assert "NAME" in str(mesh.vm.list())


def test_methods_tell_what_they_take():
    signature = inspect.signature(cm.Mesh.vm.fget(cm.Mesh()).boot)
    assert list(signature.parameters)[0] == "names"
    assert {"cloud", "n", "dryrun", "yes", "wait"} <= set(signature.parameters)
    mesh = cm.Mesh()
    for noun in ("vm", "hpc", "image", "plan"):
        group = getattr(mesh, noun)
        for name, method in inspect.getmembers(group, inspect.ismethod):
            if not name.startswith("_"):
                assert "Examples:" in method.__doc__, f"{noun}.{name}"
                twin = getattr(getattr(mesh.aio, noun), name)
                assert inspect.signature(twin) == inspect.signature(method)


def test_importing_loads_little():
    code = "import sys, cloudmesh; print(sorted(set(sys.modules) & {'asyncio', 'json', 'pandas', 'subprocess', 'typing'}))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(cm.__file__))})
    assert done.stdout.strip() == "[]"

"""What a type checker is to accept: run by mypy --strict and pyright, never by Python."""

from __future__ import annotations

import asyncio

import cloudmesh as cm

mesh = cm.Mesh()
machines: cm.Outcome = mesh.vm.boot(n=3, cloud="kilo")
handle: cm.Handle = mesh.vm.boot(n=3, cloud="kilo", wait=False)
plan: cm.Plan = mesh.vm.delete("web-[001-003]", dryrun=True)
done: cm.Outcome = plan.apply()
name: str | None = mesh.vm.list(cloud="all", refresh=True)[0].name
vcpus: int | None = mesh.flavor.show("m1.small").one().vcpus
addresses: list[str] = [address for machine in mesh.vm.list() for address in machine.addresses]
mesh.vm.delete(machines, yes=True)
mesh.vm.delete([machine for machine in mesh.vm.list()], yes=True)
job = mesh.hpc.run("train.sh", cluster="india", env={"LR": 0.1})
job.wait(timeout=60.0)
text: str = job.output()
lines: list[str] = [line for line in mesh.hpc.output("last", follow=True)]
said: str = mesh.default.set({"cloud": "kilo"})
ssh: cm.Attachment = mesh.vm.ssh("web1")

try:
    mesh.vm.list(cloud="nowhere")
except cm.NotFound as error:
    hint: str | None = error.hint


async def work() -> None:
    aio = cm.AsyncMesh()
    made: cm.Outcome = await aio.vm.boot(n=2)
    rows: cm.Table[cm.Row] | None = None
    images = await aio.image.list()
    first: str | None = images[0].name
    handle: cm.Handle = await aio.vm.boot(n=1, wait=False)
    outcome: cm.Outcome = await handle
    async for line in aio.hpc.output("last"):
        print(line, made, rows, first, outcome)
    async for event in aio.events():
        print(event.kind, event.position)


asyncio.run(work())

"""Takes `cm mcp` through its paces with the protocol's official client. The program is the first argument."""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


def server(*words):
    return stdio_client(StdioServerParameters(command=sys.argv[1], args=["mcp", *words], env=dict(os.environ)))


async def everything(mode):
    told = []

    async def progress(done, total, message):
        told.append((done, total, message))

    async with Client(server("--allow=destroy"), mode=mode) as client:
        assert client.server_info.name == "cloudmesh"
        assert "Cloudmesh manages virtual machines" in client.instructions
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "vm_ssh" not in tools
        assert tools["vm_list"].annotations.read_only_hint is True
        # The client holds each answer against the tool's own schema of it.
        images = await client.call_tool("image_list", {"cloud": "sim", "refresh": True})
        assert not images.is_error, images
        assert "ubuntu-24.04" in [image["name"] for image in images.structured_content["items"]]
        plan = await client.call_tool("vm_boot", {"names": "web[1-2]"})
        assert plan.structured_content["summary"]["creates"] == [{"kind": "server", "place": "sim", "count": 2}]
        done = await client.call_tool(
            "plan_apply", {"plan": plan.structured_content["plan"]["id"]}, progress_callback=progress
        )
        assert done.structured_content["state"] == "done", done
        assert told and told[-1][0] <= told[-1][1], told
        machines = await client.call_tool("vm_list", {"columns": ["name", "status"], "sort": "-name"})
        assert [machine["name"] for machine in machines.structured_content["items"]] == ["web2", "web1"]
        refused = await client.call_tool("vm_ssh", {"name": "web1"})
        assert refused.is_error and "terminal" in refused.content[0].text
        plan = await client.call_tool("vm_delete", {"names": "web[1-2]"})
        done = await client.call_tool("plan_apply", {"plan": plan.structured_content["plan"]["id"]})
        assert done.structured_content["state"] == "done", done
        return client.protocol_version


async def main():
    versions = {await everything(mode) for mode in ("auto", "legacy")}
    assert len(versions) == 2, versions
    print("all is well")


asyncio.run(asyncio.wait_for(main(), 60))

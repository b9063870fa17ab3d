"""What the pages show does what they say."""

import ast
import asyncio
import inspect
import json
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def blocks(page, language):
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        return re.findall(rf"```{language}\n(.*?)```", file.read(), flags=re.S)


def test_the_examples_of_the_page_on_python_run(mesh, tmp_path, capsys):
    with open("train.sh", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho trained\n")
    names = {"mesh": mesh, "asyncio": asyncio}
    loop = asyncio.new_event_loop()
    examples = blocks("python.md", "python")
    assert len(examples) >= 2
    for example in examples:
        # The page's places, as they are here.
        code = example.replace('"kilo"', '"sim"').replace('"india"', '"local"')
        code = compile(code, "docs/python.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.iscoroutine(result):
            loop.run_until_complete(asyncio.wait_for(result, 60))
    loop.close()
    said = capsys.readouterr().out
    assert "delete 3 servers on sim" in said and said.count("trained") == 2
    assert len(names["images"]) > 1


def test_the_page_on_assistants_names_a_server_that_starts(home):
    (example,) = blocks("assistants.md", "json")
    server = json.loads(example)["mcpServers"]["cloudmesh"]
    assert server["command"] == "cm"
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}}
    done = subprocess.run(
        [os.environ["CLOUDMESH_PROGRAM"], *server["args"]], input=json.dumps(hello) + "\n",
        capture_output=True, text=True, timeout=30,
    )
    assert "reads and plans" in json.loads(done.stdout.splitlines()[0])["result"]["instructions"]

"""Answers calls of the Python package's methods, a line of JSON each, with the documents of their answers."""

import json
import sys
import warnings

import cloudmesh as cm

warnings.simplefilter("ignore", cm.Incomplete)
mesh = cm.Mesh()


def document(answer):
    if isinstance(answer, str):
        return {"schema": "cloudmesh.settled.v1", "message": answer}
    if isinstance(answer, cm.Stream):
        return {"text": answer.text()}
    if isinstance(answer, cm.Attachment):
        return {"argv": answer.argv}
    return answer.to_json()


for line in sys.stdin:
    call = json.loads(line)
    method = mesh
    for name in call["operation"].split("."):
        method = getattr(method, name)
    fields = {name + "_" if name in ("from", "in", "class") else name: value for name, value in call["input"].items()}
    try:
        answer = {"document": document(method(**fields, **call["around"]))}
    except cm.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)

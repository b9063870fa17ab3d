"""Runs a service's own main(), with quicker replies.

    worker.py MODULE [ARGUMENT…]      for example nova.cmd.conductor
"""
import importlib
import os
import sys

module = importlib.import_module(sys.argv[1])  # first: it may patch the library

from cloudmesh_rig import replies  # noqa: E402

replies.patch()
# nova calls itself by the name of its program, in its table of services too
sys.argv[:2] = [os.path.join(os.path.dirname(sys.executable),
                             'nova-' + sys.argv[1].rsplit('.', 1)[-1])]
sys.exit(module.main())

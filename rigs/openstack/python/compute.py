"""nova-compute with a hypervisor that is not there.

This is the stock service on nova's own fake driver, with five differences:

* The fake driver names its node by a random uuid, a new one in each process,
  and nova-compute refuses to start for a node that it does not know again.
  Here the node has the uuid that nova keeps in its state folder, as with any
  real hypervisor.
* A snapshot by the fake driver has no content and stays "queued" for ever;
  here it is a small empty image, and becomes "active".
* The fake driver keeps its guests in memory. One that it does not know, but
  which nova asks about, was there before the service restarted: believe nova.
* At each claim the resource tracker asks placement about every server of the
  node, one request for each, which makes the building of n servers on our one
  node quadratic. Only devices passed through to guests need the answer.
* The first sign of life is given at once, not after five seconds, and replies
  to remote calls are taken as they come (see cloudmesh_rig/replies.py).
"""
import io
import sys

from nova.cmd import compute  # first: it patches the standard library
from nova.compute import power_state
from nova.image import glance
from nova.scheduler.client import report
from nova.servicegroup import api as servicegroup
from nova.virt import fake
from nova.virt import node

from cloudmesh_rig import replies


class RigDriver(fake.FakeDriver):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._destroyed = set()
        self._images = glance.API()

    def _remember(self, instance):
        if instance.uuid in self.instances or instance.uuid in self._destroyed:
            return
        state = instance.power_state or power_state.RUNNING
        flavor = instance.flavor
        self.resources.claim(vcpus=flavor.vcpus, mem=flavor.memory_mb,
                             disk=flavor.root_gb)
        self.instances[instance.uuid] = fake.FakeInstance(
            instance.name, state, instance.uuid)

    def get_available_resource(self, nodename):
        status = super().get_available_resource(nodename)
        if status:
            status['uuid'] = node.get_local_node_uuid()
        return status

    def get_nodenames_by_uuid(self, refresh=False):
        return {node.get_local_node_uuid(): name
                for name in self.get_available_nodes()}

    def get_info(self, instance, *args, **kwargs):
        self._remember(instance)
        return super().get_info(instance, *args, **kwargs)

    def snapshot(self, context, instance, image_id, *args, **kwargs):
        self._remember(instance)
        super().snapshot(context, instance, image_id, *args, **kwargs)
        self._images.update(
            context, image_id,
            {'disk_format': 'raw', 'container_format': 'bare'},
            data=io.BytesIO(bytes(64 * 1024)), purge_props=False)

    def power_on(self, context, instance, *args, **kwargs):
        self._remember(instance)
        return super().power_on(context, instance, *args, **kwargs)

    def power_off(self, instance, *args, **kwargs):
        self._remember(instance)
        return super().power_off(instance, *args, **kwargs)

    def destroy(self, context, instance, *args, **kwargs):
        self._remember(instance)
        self._destroyed.add(instance.uuid)
        return super().destroy(context, instance, *args, **kwargs)

    def spawn(self, context, instance, *args, **kwargs):
        self._destroyed.discard(instance.uuid)  # rebuilt, or unshelved
        return super().spawn(context, instance, *args, **kwargs)


def main():
    fake.RigDriver = RigDriver  # nova.conf: compute_driver = fake.RigDriver
    report.SchedulerReportClient.get_allocations_for_provider_tree = (
        lambda self, context, nodename: {})
    replies.patch()
    servicegroup.INITIAL_REPORTING_DELAY = 0
    return compute.main()


sys.exit(main())

"""Neutron without agents.

A mechanism driver that binds every port on any host and calls it ACTIVE at
once. It also plays the part of the L3 agent as far as an API client can see
it: a floating IP becomes ACTIVE when it has a port and DOWN when it has none,
just after the request that changed it was carried out.
"""
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events
from neutron_lib.callbacks import registry
from neutron_lib.callbacks import resources
from neutron_lib import constants
from neutron_lib.plugins import constants as plugin_constants
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api


class Driver(api.MechanismDriver):
    def initialize(self):
        for event in (events.AFTER_CREATE, events.AFTER_UPDATE):
            registry.subscribe(report_floating_ip, resources.FLOATING_IP, event)

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        segment = context.segments_to_bind[0]
        details = {
            portbindings.CAP_PORT_FILTER: True,
            portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity,
        }
        context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS,
                            details, status=constants.PORT_STATUS_ACTIVE)


def report_floating_ip(resource, event, trigger, payload):
    floating_ip = payload.latest_state
    status = (constants.FLOATINGIP_STATUS_ACTIVE
              if floating_ip.get('port_id')
              else constants.FLOATINGIP_STATUS_DOWN)
    if floating_ip.get('status') != status:
        directory.get_plugin(plugin_constants.L3).update_floatingip_status(
            payload.context.elevated(), floating_ip['id'], status)

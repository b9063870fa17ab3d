"""What the OpenStack rig adds to the services, so that they do without agents
and without a hypervisor."""

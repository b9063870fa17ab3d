# Made from the catalogue of operations; do not edit. crates/cm/tests/python_package.rs tells how.
"""The operations as methods."""

from ._core import change, query, session, setting, stream, text, texts


class ZoneOperations:
    """`zone`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, refresh=False):
        """Shows the availability zones of machines.

        Args:
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.zone.list(cloud="sim")
        """
        return query(self._mesh, "zone.list", {"cloud": text(cloud)}, refresh)


class VolumeTypeOperations:
    """`volume type`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, refresh=False):
        """Shows the types of volumes.

        Args:
            cloud: The cloud.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.volume.type.list(cloud="sim")
        """
        return query(self._mesh, "volume.type.list", {"cloud": text(cloud)}, refresh)


class VolumeSnapshotOperations:
    """`volume snapshot`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the copies of volumes.

        Args:
            names: Only these: names or ids, or a host list.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.volume.snapshot.list(cloud="sim")
        """
        return query(self._mesh, "volume.snapshot.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    def create(self, names, *, cloud=None, name=None, dryrun=False, yes=False, wait=None, progress=True):
        """Copies volumes as they are now.

        Args:
            names: Volumes, by name or id, or a host list.
            cloud: The cloud that they are on.
            name: Name of the copy, for one volume; the volume's name and the time without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.snapshot.create("data", cloud="sim", name="data-copy")
        """
        return change(self._mesh, "volume.snapshot.create", {"names": text(names), "cloud": text(cloud), "name": text(name)}, dryrun, yes, wait, progress)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes copies of volumes.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.snapshot.delete("data-copy", cloud="sim", yes=True)
        """
        return change(self._mesh, "volume.snapshot.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class VolumeOperations:
    """`volume`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    @property
    def snapshot(self):
        """`volume snapshot`."""
        return VolumeSnapshotOperations(self._mesh)

    @property
    def type(self):
        """`volume type`."""
        return VolumeTypeOperations(self._mesh)

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the volumes.

        Args:
            names: Only these: names or ids, or a host list.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.volume.list(cloud="sim")
        """
        return query(self._mesh, "volume.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    def create(self, names, *, size, cloud=None, image=None, snapshot=None, volume_type=None, zone=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes volumes.

        Args:
            names: Names, or a host list such as data[1-3].
            size: Size in GiB.
            cloud: The cloud.
            image: Image to write to it, by name or id.
            snapshot: Copy of a volume to begin as, by name or id.
            volume_type: Type of volume; the cloud's default without it.
            zone: Availability zone.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.create("data", size=10, cloud="sim")
        """
        return change(self._mesh, "volume.create", {"names": text(names), "size": size, "cloud": text(cloud), "image": text(image), "snapshot": text(snapshot), "volume_type": text(volume_type), "zone": text(zone)}, dryrun, yes, wait, progress)

    def extend(self, names, *, size, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes volumes larger; what is on them stays.

        Args:
            names: Names or ids, or a host list.
            size: New size in GiB.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.extend("data", size=20, cloud="sim")
        """
        return change(self._mesh, "volume.extend", {"names": text(names), "size": size, "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def attach(self, names, vm, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Gives a machine a volume.

        Args:
            names: Volumes, by name or id, or a host list.
            vm: The machine, by name or id.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.attach("data", "web1", cloud="sim")
        """
        return change(self._mesh, "volume.attach", {"names": text(names), "vm": text(vm), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def detach(self, names, vm=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Takes volumes off the machines that have them. Unmount them there first.

        Args:
            names: Volumes, by name or id, or a host list.
            vm: The machine, by name or id; the only one that has it without it.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.detach("data", cloud="sim")
        """
        return change(self._mesh, "volume.detach", {"names": text(names), "vm": text(vm), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes volumes, and what is on them.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.volume.delete("data", cloud="sim", yes=True)
        """
        return change(self._mesh, "volume.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class VmIpOperations:
    """`vm ip`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def assign(self, names=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Gives virtual machines a new floating (public) address each.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.ip.assign("web1")
        """
        return change(self._mesh, "vm.ip.assign", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def show(self, names=None, *, cloud=None, group=None, refresh=False):
        """Shows the addresses of virtual machines; of the last one without a name.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            group: Members of a group.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.ip.show("web1")
        """
        return query(self._mesh, "vm.ip.show", {"names": text(names), "cloud": text(cloud), "group": text(group)}, refresh)

    def inventory(self, names=None, *, cloud=None, group=None):
        """Writes the addresses of virtual machines as an Ansible inventory.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group, which heads the inventory.

        Examples:
            >>> mesh.vm.ip.inventory("web[1-2]")
        """
        return stream(self._mesh, "vm.ip.inventory", {"names": text(names), "cloud": text(cloud), "group": text(group)})


class VmOperations:
    """`vm`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    @property
    def ip(self):
        """`vm ip`."""
        return VmIpOperations(self._mesh)

    def boot(self, names=None, *, cloud=None, flavor=None, group=None, image=None, keep_volume=False, key=None, metadata=None, n=None, name=None, network=None, port=None, public=False, secgroup=None, server_group=None, ttl=None, user_data=None, username=None, volume=None, volume_size=None, zone=None, dryrun=False, yes=False, wait=None, progress=True):
        """Boots virtual machines.
        What is not given comes from the defaults of the cloud, then the general ones; --dryrun shows which.

        Args:
            names: Names, or a host list such as web[1-3]; USER-001, USER-002 … without them.
            cloud: The cloud.
            flavor: Flavor, by name or id.
            group: Group that the machines join.
            image: Image, by name or id.
            keep_volume: Keep that volume when the machine is deleted.
            key: Key to log in with.
            metadata: Metadata.
            n: How many.
            name: Names, as an option.
            network: Networks, by name or id, separated by commas.
            port: Ports to plug in, by name or id, separated by commas; for one machine.
            public: Give each a floating (public) address.
            secgroup: Security groups, separated by commas.
            server_group: Server group to join, by name or id.
            ttl: How long it is wanted: 90m, 8h, 3d; the date is written on the machine, nothing takes it away.
            user_data: File with user data: a script, or cloud-init's instructions.
            username: Account to log in with.
            volume: Boot from a volume that is there, by name or id; for one machine.
            volume_size: Boot from a new volume of this size, made from the image.
            zone: Availability zone.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.boot("web[1-3]", cloud="sim", flavor="m1.small", image="ubuntu-24.04")
            >>> mesh.vm.boot("lab", cloud="sim", flavor="m1.small", image="ubuntu-24.04", ttl="8h", volume_size=20)
            >>> mesh.vm.boot(cloud="sim", flavor="m1.small", image="ubuntu-24.04", n=2, dryrun=True)
        """
        return change(self._mesh, "vm.boot", {"names": text(names), "cloud": text(cloud), "flavor": text(flavor), "group": text(group), "image": text(image), "keep_volume": keep_volume, "key": text(key), "metadata": texts(metadata), "n": n, "name": text(name), "network": text(network), "port": text(port), "public": public, "secgroup": text(secgroup), "server_group": text(server_group), "ttl": text(ttl), "user_data": text(user_data), "username": text(username), "volume": text(volume), "volume_size": volume_size, "zone": text(zone)}, dryrun, yes, wait, progress)

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the virtual machines.

        Args:
            names: Only these: names, or a host list such as web[1-3].
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.list()
            >>> mesh.vm.list(cloud="all", refresh=True)
        """
        return query(self._mesh, "vm.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    def show(self, names=None, *, cloud=None, refresh=False):
        """Shows everything about virtual machines; the last one without a name.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.show("web1")
        """
        return query(self._mesh, "vm.show", {"names": text(names), "cloud": text(cloud)}, refresh)

    def status(self, names=None, *, cloud=None, refresh=False):
        """Shows the state of virtual machines as their clouds tell it now; of the last one without a name.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.status("web1")
        """
        return query(self._mesh, "vm.status", {"names": text(names), "cloud": text(cloud)}, refresh)

    def start(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Starts stopped virtual machines.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.start("web[1-2]")
        """
        return change(self._mesh, "vm.start", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def stop(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Stops virtual machines; their disks and addresses stay.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.stop("web[1-2]")
        """
        return change(self._mesh, "vm.stop", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def delete(self, names=None, *, cloud=None, group=None, keep=False, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes virtual machines, and the floating addresses that Cloudmesh made for them.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            keep: Keep their floating addresses.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.delete("web1", dryrun=True)
            >>> mesh.vm.delete("web[1-3]", yes=True)
        """
        return change(self._mesh, "vm.delete", {"names": text(names), "cloud": text(cloud), "group": text(group), "keep": keep}, dryrun, yes, wait, progress)

    def reboot(self, names=None, *, cloud=None, group=None, hard=False, dryrun=False, yes=False, wait=None, progress=True):
        """Starts virtual machines anew.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            hard: Cut the power instead of asking the system.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.reboot("web1")
            >>> mesh.vm.reboot("web2", hard=True)
        """
        return change(self._mesh, "vm.reboot", {"names": text(names), "cloud": text(cloud), "group": text(group), "hard": hard}, dryrun, yes, wait, progress)

    def suspend(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Writes the memory of virtual machines to disk and stops them.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.suspend("web[1-2]")
        """
        return change(self._mesh, "vm.suspend", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def resume(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Lets suspended virtual machines go on.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.resume("web1")
        """
        return change(self._mesh, "vm.resume", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def pause(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Stops the processors of virtual machines; their memory stays on the host.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.pause("web1")
        """
        return change(self._mesh, "vm.pause", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def unpause(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Lets paused virtual machines go on.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.unpause("web1")
        """
        return change(self._mesh, "vm.unpause", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def shelve(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Stops virtual machines and keeps only their disks, so that they take no place on a host.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.shelve("web1")
        """
        return change(self._mesh, "vm.shelve", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def unshelve(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Brings shelved virtual machines back.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.unshelve("web1")
        """
        return change(self._mesh, "vm.unshelve", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def lock(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Locks virtual machines against changes until they are unlocked.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.lock("web1")
        """
        return change(self._mesh, "vm.lock", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def unlock(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Takes locks off virtual machines.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.unlock("web1")
        """
        return change(self._mesh, "vm.unlock", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def rename(self, old, new, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Gives a virtual machine another name; the system on it keeps its host name.

        Args:
            old: Its name or id.
            new: Its new name.
            cloud: The cloud that it is on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.rename("web3", "front")
        """
        return change(self._mesh, "vm.rename", {"old": text(old), "new": text(new), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def resize(self, names=None, *, cloud=None, confirm=False, flavor=None, revert=False, dryrun=False, yes=False, wait=None, progress=True):
        """Gives virtual machines another flavor, and confirms that or turns it back.
        A resized machine waits until it is confirmed; until then the old one is kept beside.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            confirm: Confirm it; with --flavor as soon as the machine runs.
            flavor: The new flavor, by name or id.
            revert: Turn it back.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.resize("web1", confirm=True, flavor="m1.medium")
            >>> mesh.vm.resize("web2", flavor="m1.medium")
        """
        return change(self._mesh, "vm.resize", {"names": text(names), "cloud": text(cloud), "confirm": confirm, "flavor": text(flavor), "revert": revert}, dryrun, yes, wait, progress)

    def rebuild(self, names, *, cloud=None, image=None, dryrun=False, yes=False, wait=None, progress=True):
        """Installs an image anew on the disks of virtual machines. What was on the disks is lost; names and addresses stay.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            image: Image, by name or id; the one each was booted from without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.rebuild("web1", yes=True)
        """
        return change(self._mesh, "vm.rebuild", {"names": text(names), "cloud": text(cloud), "image": text(image)}, dryrun, yes, wait, progress)

    def rescue(self, names=None, *, cloud=None, image=None, dryrun=False, yes=False, wait=None, progress=True):
        """Starts virtual machines from a rescue disk, with their own one beside it.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            image: Image to start from; the cloud's choice without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.rescue("web1")
        """
        return change(self._mesh, "vm.rescue", {"names": text(names), "cloud": text(cloud), "image": text(image)}, dryrun, yes, wait, progress)

    def unrescue(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
        """Starts rescued virtual machines from their own disks again.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.unrescue("web1")
        """
        return change(self._mesh, "vm.unrescue", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    def snapshot(self, names=None, *, cloud=None, name=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes images of the disks of virtual machines.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            name: Name of the image, for one machine; the machine's name and the time without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.snapshot("web1", name="web1-installed")
        """
        return change(self._mesh, "vm.snapshot", {"names": text(names), "cloud": text(cloud), "name": text(name)}, dryrun, yes, wait, progress)

    def metadata(self, names, items=None, *, cloud=None, remove=None, dryrun=False, yes=False, wait=None, progress=True):
        """Sets and removes metadata of virtual machines; other items stay.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            items: Items to set.
            cloud: The cloud that they are on.
            remove: Items to remove, separated by commas.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.metadata("web1", ["course=e516"])
            >>> mesh.vm.metadata("web2", remove=["course"])
        """
        return change(self._mesh, "vm.metadata", {"names": text(names), "items": texts(items), "cloud": text(cloud), "remove": texts(remove)}, dryrun, yes, wait, progress)

    def username(self, username, names=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Sets the account to log in with; it is kept with the machines in the cloud.

        Args:
            username: The account.
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.username("ubuntu", "web3")
        """
        return change(self._mesh, "vm.username", {"username": text(username), "names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def wait(self, names=None, *, cloud=None, group=None, timeout=None, until=None, dryrun=False, yes=False, wait=None, progress=True):
        """Waits until virtual machines are in a state.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            timeout: How long at the most, seconds.
            until: The state.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.wait("web[1-2]", timeout=60, until="active")
        """
        return change(self._mesh, "vm.wait", {"names": text(names), "cloud": text(cloud), "group": text(group), "timeout": timeout, "until": text(until)}, dryrun, yes, wait, progress)

    def console(self, name=None, *, cloud=None, follow=False, lines=None, url=False):
        """Shows what a virtual machine wrote to its console; of the last one without a name.

        Args:
            name: Name or id.
            cloud: The cloud that it is on.
            follow: Go on until Ctrl-C.
            lines: Only so many lines, the last ones.
            url: The address of a page with its screen instead; whoever has it can use it for a while.

        Examples:
            >>> mesh.vm.console("web1", lines=20)
            >>> mesh.vm.console("web1", url=True)
        """
        return stream(self._mesh, "vm.console", {"name": text(name), "cloud": text(cloud), "follow": follow, "lines": lines, "url": url})

    def events(self, name=None, *, cloud=None, refresh=False):
        """Shows what was done with a virtual machine, the newest first; with the last one without a name.

        Args:
            name: Name or id.
            cloud: The cloud that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.events("web1")
        """
        return query(self._mesh, "vm.events", {"name": text(name), "cloud": text(cloud)}, refresh)

    def check(self, names=None, *, cloud=None, group=None, refresh=False):
        """Checks whether virtual machines can be logged in to: state, address, port, log-in.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.check("web[1-2]")
        """
        return query(self._mesh, "vm.check", {"names": text(names), "cloud": text(cloud), "group": text(group)}, refresh)

    def ping(self, names=None, *, cloud=None, group=None, refresh=False):
        """Tries whether virtual machines answer: by `ping`, or where that does not get through, at the port of SSH.

        Args:
            names: Names or ids, or a host list such as web[1-3]; the last one without them.
            cloud: The cloud that they are on.
            group: Members of a group.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.ping("web[1-2]")
        """
        return query(self._mesh, "vm.ping", {"names": text(names), "cloud": text(cloud), "group": text(group)}, refresh)

    def ssh(self, name=None, *, cloud=None, command=None, key=None, username=None):
        """Logs in to a virtual machine, or runs a command on it.

        Args:
            name: Name or id; the last one without it.
            cloud: The cloud that it is on.
            command: Run this and come back.
            key: Key of yours to log in with.
            username: Account to log in with.

        Examples:
            >>> mesh.vm.ssh("web1", command="uptime")
        """
        return session(self._mesh, "vm.ssh", {"name": text(name), "cloud": text(cloud), "command": text(command), "key": text(key), "username": text(username)})


class VarOperations:
    """`var`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, refresh=False):
        """Shows the variables.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.var.list()
        """
        return query(self._mesh, "var.list", {}, refresh)

    def get(self, name, *, refresh=False):
        """Shows one variable.

        Args:
            name: Its name.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.var.get("course")
        """
        return query(self._mesh, "var.get", {"name": text(name)}, refresh)

    def set(self, values):
        """Sets variables.
        A value may be `now`, `date`, `default.KEY`, or a path of the configuration such as `cloudmesh.profile.user`.

        Args:
            values: NAME=VALUE, once or more often.

        Examples:
            >>> mesh.var.set(["course=e516"])
            >>> mesh.var.set(["today=date"])
        """
        return setting(self._mesh, "var.set", {"values": texts(values)})

    def delete(self, names):
        """Takes variables away.

        Args:
            names: Their names, also as host lists: a,b or room[1-3].

        Examples:
            >>> mesh.var.delete(["course"])
        """
        return setting(self._mesh, "var.delete", {"names": texts(names)})


class UsageOperations:
    """`usage`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, end=None, start=None, refresh=False):
        """Shows what machines used in a period, and the sum of all.

        Args:
            cloud: Clouds, separated by commas, or `all`.
            end: Until when; now without it.
            start: From when on, as a date (2026-01-31) or a moment; four weeks ago without it.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.usage.list(cloud="sim")
            >>> mesh.usage.list(cloud="sim", end="2026-02-01", start="2026-01-01")
        """
        return query(self._mesh, "usage.list", {"cloud": text(cloud), "end": text(end), "start": text(start)}, refresh)


class SubnetOperations:
    """`subnet`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the subnets of networks.

        Args:
            names: Only these: names or ids, or a host list.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.subnet.list(cloud="sim")
        """
        return query(self._mesh, "subnet.list", {"names": text(names), "cloud": text(cloud)}, refresh)


class ServergroupOperations:
    """`servergroup`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, refresh=False):
        """Shows the server groups.

        Args:
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.servergroup.list(cloud="sim")
        """
        return query(self._mesh, "servergroup.list", {"cloud": text(cloud)}, refresh)

    def create(self, names, *, policy, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes server groups.

        Args:
            names: Names, or a host list.
            policy: What it wants of its members.
            cloud: The cloud.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.servergroup.create("apart", policy="anti-affinity", cloud="sim")
        """
        return change(self._mesh, "servergroup.create", {"names": text(names), "policy": text(policy), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes server groups; their members stay.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.servergroup.delete("apart", cloud="sim", yes=True)
        """
        return change(self._mesh, "servergroup.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class SecgroupOperations:
    """`secgroup`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, group=None, *, cloud=None, refresh=False):
        """Shows the rules of security groups in the store; with --cloud those of a cloud, and how the two differ.

        Args:
            group: Only this group.
            cloud: Clouds to compare with, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.secgroup.list()
            >>> mesh.secgroup.list("web", cloud="sim")
        """
        return query(self._mesh, "secgroup.list", {"group": text(group), "cloud": text(cloud)}, refresh)

    def add(self, group, rule, from_, to, protocol, cidr, *, outgoing=False):
        """Adds a rule to a security group in the store; the group is made if it is not there.

        Args:
            group: The group.
            rule: Name of the rule.
            from_: First port, or `any`; for icmp the type.
            to: Last port, or `any`; for icmp the code.
            protocol: tcp, udp, icmp, another name or number, or `any`.
            cidr: Addresses of the other side such as 0.0.0.0/0; or group=NAME for the members of a group.
            outgoing: About traffic that goes out.

        Examples:
            >>> mesh.secgroup.add("web", "ssh", "22", "22", "tcp", "0.0.0.0/0")
        """
        return setting(self._mesh, "secgroup.add", {"group": text(group), "rule": text(rule), "from": text(from_), "to": text(to), "protocol": text(protocol), "cidr": text(cidr), "outgoing": outgoing})

    def delete(self, group, rule=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes a security group, or one rule of it, from the store; with --cloud from a cloud.

        Args:
            group: The group.
            rule: Only this rule, by its name in the store.
            cloud: On this cloud, instead of in the store.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.secgroup.delete("web", "ssh")
            >>> mesh.secgroup.delete("web", cloud="sim", yes=True)
        """
        return change(self._mesh, "secgroup.delete", {"group": text(group), "rule": text(rule), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def upload(self, group=None, *, cloud=None, keep=False, dryrun=False, yes=False, wait=None, progress=True):
        """Makes security groups of clouds like those in the store: missing groups and rules are made, incoming rules that the store has not are removed.

        Args:
            group: The group; all of the store without it.
            cloud: Clouds, separated by commas, or `all`.
            keep: Keep rules that only the cloud has.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.secgroup.upload("web", cloud="sim", dryrun=True)
            >>> mesh.secgroup.upload(cloud="sim")
        """
        return change(self._mesh, "secgroup.upload", {"group": text(group), "cloud": text(cloud), "keep": keep}, dryrun, yes, wait, progress)


class RouterOperations:
    """`router`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the routers.

        Args:
            names: Only these: names or ids, or a host list.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.router.list(cloud="sim")
        """
        return query(self._mesh, "router.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes routers that nothing is connected to.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.router.delete("lab", cloud="sim", dryrun=True)
        """
        return change(self._mesh, "router.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class RegisterOperations:
    """`register`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, refresh=False):
        """Shows all clouds and clusters, wherever they are described.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.register.list()
        """
        return query(self._mesh, "register.list", {}, refresh)

    def cloud(self, name, settings=None, *, defaults=None, from_environment=False, heading=None, secrets_on_stdin=False, type=None):
        """Registers a cloud, or changes one.
        Settings are KEY=VALUE with the keys of the vendor's own tools (OS_AUTH_URL=… OS_USERNAME=…). Secrets are never taken from the command line: they come from the environment variable of the same name, from standard input with --secrets-on-stdin, or are asked for.

        Args:
            name: Name of the cloud.
            settings: Settings.
            defaults: A default of this place: image=…, flavor=…, queue=….
            from_environment: Take settings that are not given from environment variables of the same names.
            heading: A line about it.
            secrets_on_stdin: Read secrets from standard input, one KEY=VALUE a line.
            type: The provider.

        Examples:
            >>> mesh.register.cloud("kilo", ["OS_AUTH_URL=http://127.0.0.1:5000/v3", "OS_USERNAME=albert", "OS_PROJECT_NAME=physics", "OS_USER_DOMAIN_NAME=Default", "OS_PROJECT_DOMAIN_NAME=Default"], type="openstack")
        """
        return setting(self._mesh, "register.cloud", {"name": text(name), "settings": texts(settings), "defaults": texts(defaults), "from_environment": from_environment, "heading": text(heading), "secrets_on_stdin": secrets_on_stdin, "type": text(type)})

    def cluster(self, name, settings=None, *, defaults=None, from_environment=False, heading=None, secrets_on_stdin=False, type=None):
        """Registers a cluster, or changes one.
        Settings are KEY=VALUE; cm_host names the host as your OpenSSH knows it. Secrets are never taken from the command line.

        Args:
            name: Name of the cloud.
            settings: Settings.
            defaults: A default of this place: image=…, flavor=…, queue=….
            from_environment: Take settings that are not given from environment variables of the same names.
            heading: A line about it.
            secrets_on_stdin: Read secrets from standard input, one KEY=VALUE a line.
            type: The provider.

        Examples:
            >>> mesh.register.cluster("india", ["cm_host=india"], type="slurm")
        """
        return setting(self._mesh, "register.cluster", {"name": text(name), "settings": texts(settings), "defaults": texts(defaults), "from_environment": from_environment, "heading": text(heading), "secrets_on_stdin": secrets_on_stdin, "type": text(type)})

    def remove(self, name):
        """Takes a cloud or cluster out of `cloudmesh.yaml` and forgets its secrets; nothing there is touched.

        Args:
            name: Its name.

        Examples:
            >>> mesh.register.remove("kilo")
        """
        return setting(self._mesh, "register.remove", {"name": text(name)})


class QuotaOperations:
    """`quota`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, refresh=False):
        """Shows how much may be used of a cloud's services, and how much is.

        Args:
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.quota.list(cloud="sim")
        """
        return query(self._mesh, "quota.list", {"cloud": text(cloud)}, refresh)


class PortOperations:
    """`port`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the ports of networks, and their addresses.

        Args:
            names: Only these: names or ids, or a host list.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.port.list(cloud="sim")
        """
        return query(self._mesh, "port.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    def create(self, name, *, network, address=None, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Reserves a fixed address on a network: a port that a machine can be booted with.

        Args:
            name: Name of the port.
            network: The network, by name or id.
            address: The address; the cloud's choice without it.
            cloud: The cloud.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.port.create("socket", network="private", cloud="sim")
        """
        return change(self._mesh, "port.create", {"name": text(name), "network": text(network), "address": text(address), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes ports, and gives their addresses back.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.port.delete("socket", cloud="sim", yes=True)
        """
        return change(self._mesh, "port.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class PlanOperations:
    """`plan`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, refresh=False):
        """Shows the plans, oldest first.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.plan.list()
        """
        return query(self._mesh, "plan.list", {}, refresh)

    def show(self, plan=None, *, refresh=False):
        """Shows a plan's steps and where each stands.

        Args:
            plan: The plan's id, the beginning of it, or `last`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.plan.show("last")
        """
        return query(self._mesh, "plan.show", {"plan": text(plan)}, refresh)

    def apply(self, plan=None, *, dryrun=False, yes=False, wait=None, progress=True):
        """Runs a saved plan.

        Args:
            plan: The plan's id, the beginning of it, or `last`.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.plan.apply("last")
        """
        return change(self._mesh, "plan.apply", {"plan": text(plan)}, dryrun, yes, wait, progress)

    def resume(self, plan=None, *, dryrun=False, yes=False, wait=None, progress=True):
        """Goes on with a plan that was interrupted or failed in part.
        What was sent and got no answer is looked for first; nothing is made twice.

        Args:
            plan: The plan's id, the beginning of it, or `last`.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.plan.resume("last")
        """
        return change(self._mesh, "plan.resume", {"plan": text(plan)}, dryrun, yes, wait, progress)

    def cancel(self, plan):
        """Gives a plan up: it will not be run any more. What it made stays; undo takes that back.

        Args:
            plan: The plan's id, or the beginning of it.

        Examples:
            >>> mesh.plan.cancel("last")
        """
        return setting(self._mesh, "plan.cancel", {"plan": text(plan)})


class NetworkFloatingOperations:
    """`network floating`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, refresh=False):
        """Shows the floating addresses of the project.

        Args:
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.network.floating.list(cloud="sim")
        """
        return query(self._mesh, "network.floating.list", {"cloud": text(cloud)}, refresh)

    def create(self, *, cloud=None, n=None, pool=None, dryrun=False, yes=False, wait=None, progress=True):
        """Takes floating addresses for the project, which lead nowhere yet.

        Args:
            cloud: The cloud.
            n: How many.
            pool: External network to take them from; the cloud's only one without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.floating.create(cloud="sim")
        """
        return change(self._mesh, "network.floating.create", {"cloud": text(cloud), "n": n, "pool": text(pool)}, dryrun, yes, wait, progress)

    def delete(self, addresses=None, *, cloud=None, free=False, dryrun=False, yes=False, wait=None, progress=True):
        """Gives floating addresses back.

        Args:
            addresses: Addresses, or their ids.
            cloud: The cloud.
            free: All that Cloudmesh took and that lead nowhere.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.floating.delete(cloud="sim", free=True, yes=True)
        """
        return change(self._mesh, "network.floating.delete", {"addresses": texts(addresses), "cloud": text(cloud), "free": free}, dryrun, yes, wait, progress)

    def associate(self, address=None, *, cloud=None, group=None, instance=None, dryrun=False, yes=False, wait=None, progress=True):
        """Leads a floating address to a machine: the one that is named, one that is free, else a new one.

        Args:
            address: The address, or its id.
            cloud: The cloud.
            group: Each machine of a group.
            instance: The machine, by name or id.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.floating.associate(cloud="sim", instance="web1")
        """
        return change(self._mesh, "network.floating.associate", {"address": text(address), "cloud": text(cloud), "group": text(group), "instance": text(instance)}, dryrun, yes, wait, progress)

    def disassociate(self, addresses=None, *, cloud=None, group=None, instance=None, dryrun=False, yes=False, wait=None, progress=True):
        """Takes floating addresses off the machines that they lead to; the project keeps them.

        Args:
            addresses: Addresses, or their ids.
            cloud: The cloud.
            group: Those of the machines of a group.
            instance: Those of these machines, by name or id.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.floating.disassociate(cloud="sim", instance="web1")
        """
        return change(self._mesh, "network.floating.disassociate", {"addresses": texts(addresses), "cloud": text(cloud), "group": text(group), "instance": text(instance)}, dryrun, yes, wait, progress)


class NetworkClusterOperations:
    """`network cluster`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def create(self, *, group, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes the machines of a group reachable from outside: each that has no public address gets one.

        Args:
            group: The group.
            cloud: The cloud.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.cluster.create(group="web", dryrun=True)
        """
        return change(self._mesh, "network.cluster.create", {"group": text(group), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class NetworkOperations:
    """`network`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    @property
    def cluster(self):
        """`network cluster`."""
        return NetworkClusterOperations(self._mesh)

    @property
    def floating(self):
        """`network floating`."""
        return NetworkFloatingOperations(self._mesh)

    def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the networks.

        Args:
            names: Only these: names or ids, or a host list.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.network.list(cloud="sim")
        """
        return query(self._mesh, "network.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    def create(self, name, *, cloud=None, external=None, isolated=False, name_servers=None, range=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes a network, with addresses and a router to the outside.

        Args:
            name: Its name.
            cloud: The cloud.
            external: External network to lead to; the cloud's only one without it.
            isolated: No router: machines on it reach only each other.
            name_servers: Name servers for its machines, separated by commas.
            range: Its addresses.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.create("lab", cloud="sim", range="10.7.0.0/24")
        """
        return change(self._mesh, "network.create", {"name": text(name), "cloud": text(cloud), "external": text(external), "isolated": isolated, "name_servers": texts(name_servers), "range": text(range)}, dryrun, yes, wait, progress)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes networks with their subnets, and the routers that Cloudmesh made for them.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.network.delete("lab", cloud="sim", yes=True)
        """
        return change(self._mesh, "network.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class LimitsOperations:
    """`limits`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, refresh=False):
        """Shows the limits of the compute service alone: servers, cores, memory.

        Args:
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.limits.list(cloud="sim")
        """
        return query(self._mesh, "limits.list", {"cloud": text(cloud)}, refresh)


class KeyOperations:
    """`key`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, cloud=None, source=None, refresh=False):
        """Shows keys: your own, or those that clouds know.

        Args:
            cloud: Clouds, separated by commas, or `all`; implies --source=cloud.
            source: Where to look: `db` for your own, `cloud` for those of clouds.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.key.list()
            >>> mesh.key.list(cloud="sim")
        """
        return query(self._mesh, "key.list", {"cloud": text(cloud), "source": text(source)}, refresh)

    def add(self, name=None, *, generate=False, source=None, ssh=False):
        """Keeps a public key under a name; the private half stays where it is.

        Args:
            name: Its name; your user name without it.
            generate: Make a new key pair in Cloudmesh's own folder.
            source: The file of the public key.
            ssh: The public key in ~/.ssh (the default).

        Examples:
            >>> mesh.key.add("laptop", generate=True)
        """
        return setting(self._mesh, "key.add", {"name": text(name), "generate": generate, "source": text(source), "ssh": ssh})

    def upload(self, name=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Makes a key of yours known to clouds.

        Args:
            name: Its name; the default key without it.
            cloud: Clouds, separated by commas, or `all`; the default one without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.key.upload("laptop", cloud="sim")
        """
        return change(self._mesh, "key.upload", {"name": text(name), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    def delete(self, names=None, *, all=False, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes keys: your own (the files stay), or with --cloud those that clouds know.

        Args:
            names: Their names.
            all: All of them.
            cloud: Clouds, separated by commas, or `all`.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.key.delete(["laptop"], cloud="sim", yes=True)
            >>> mesh.key.delete(["laptop"])
        """
        return change(self._mesh, "key.delete", {"names": texts(names), "all": all, "cloud": text(cloud)}, dryrun, yes, wait, progress)


class ImageOperations:
    """`image`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, image=None, *, cloud=None, refresh=False):
        """Shows the images that machines boot from.

        Args:
            image: Only the image with this name or id.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.image.list(cloud="sim")
        """
        return query(self._mesh, "image.list", {"image": text(image), "cloud": text(cloud)}, refresh)

    def show(self, image=None, *, cloud=None, refresh=False):
        """Shows everything about an image; about the default one of the cloud without a name.

        Args:
            image: Its name or id.
            cloud: The cloud that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.image.show("ubuntu-24.04", cloud="sim")
        """
        return query(self._mesh, "image.show", {"image": text(image), "cloud": text(cloud)}, refresh)

    def delete(self, names, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
        """Deletes images.

        Args:
            names: Names or ids, or a host list.
            cloud: The cloud that they are on.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.image.delete("web1-image", cloud="sim", yes=True)
        """
        return change(self._mesh, "image.delete", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)


class HpcOperations:
    """`hpc`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def info(self, *, cluster=None, refresh=False):
        """Shows the queues of clusters, as they are now.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.info(cluster="local")
        """
        return query(self._mesh, "hpc.info", {"cluster": text(cluster)}, refresh)

    def queue(self, *, all=False, cluster=None, job=None, refresh=False):
        """Shows your jobs on clusters, as they are now.

        Args:
            all: Those that ended long ago too.
            cluster: Clusters, separated by commas, or `all`.
            job: Only this job: id, name, or `last`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.queue(cluster="local")
        """
        return query(self._mesh, "hpc.queue", {"all": all, "cluster": text(cluster), "job": text(job)}, refresh)

    def status(self, *, cluster=None, job=None, refresh=False):
        """Shows everything about a job, as it is now; about the one submitted last without a name.

        Args:
            cluster: The cluster that it is on.
            job: The job: id, name, or `last`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.status()
        """
        return query(self._mesh, "hpc.status", {"cluster": text(cluster), "job": text(job)}, refresh)

    def run(self, script, *, account=None, after=None, afterany=None, afternotok=None, afterok=None, array=None, begin=None, cluster=None, constraint=None, cpus=None, dir=None, env=None, gpus=None, group=None, hold=False, licences=None, mail=None, mail_on=None, memory=None, n=None, name=None, nodes=None, qos=None, queue=None, reservation=None, tasks=None, time=None, dryrun=False, yes=False, wait=None, progress=True):
        """Submits a script, or a command, as a job.

        Args:
            script: A script's file, or a command; then their arguments (after -- where they begin with a hyphen).
            account: Account to charge.
            after: Jobs that have to have begun first: ids, names or `last`, separated by commas.
            afterany: Jobs that have to have ended first.
            afternotok: Jobs that have to have failed first.
            afterok: Jobs that have to have completed well first.
            array: A job array: 1-1000, 0-9:3, 1,5,7, each with an optional %LIMIT.
            begin: Not before: a date and time (2026-12-01T08:00), or from now on (+2h).
            cluster: The cluster; with several, separated by commas, or `all`, the job runs on each of them.
            constraint: Features that its nodes must have, as the cluster writes them.
            cpus: Processors for each task.
            dir: Folder on the cluster under which the job gets its own.
            env: Environment variables of the job.
            gpus: GPUs for each node: 2, or a type and a number: a100:2.
            group: Group that the jobs join.
            hold: Submit it held: it waits until it is released.
            licences: Licences: matlab, or matlab:2; separated by commas.
            mail: Address that the cluster sends mail to.
            mail_on: About what it sends mail: begin, end, fail, separated by commas; end and fail without it.
            memory: Memory for each node, MiB.
            n: That many separate jobs.
            name: Name of the job.
            nodes: Nodes.
            qos: Quality of service.
            queue: Queue (partition).
            reservation: A reservation to run in.
            tasks: Tasks (processes).
            time: Longest run time: minutes, or 90s, 30m, 2h, 3d, H:MM:SS, D-HH:MM:SS.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.hpc.run(["echo", "hello"], cluster="local")
            >>> mesh.hpc.run(["hostname"], array="1-3", cluster="local")
        """
        return change(self._mesh, "hpc.run", {"script": texts(script), "account": text(account), "after": text(after), "afterany": text(afterany), "afternotok": text(afternotok), "afterok": text(afterok), "array": text(array), "begin": text(begin), "cluster": text(cluster), "constraint": text(constraint), "cpus": cpus, "dir": text(dir), "env": texts(env), "gpus": text(gpus), "group": text(group), "hold": hold, "licences": text(licences), "mail": text(mail), "mail_on": text(mail_on), "memory": memory, "n": n, "name": text(name), "nodes": nodes, "qos": text(qos), "queue": text(queue), "reservation": text(reservation), "tasks": tasks, "time": text(time)}, dryrun, yes, wait, progress)

    def output(self, job=None, *, cluster=None, error=False, follow=False):
        """Shows what a job wrote; the one submitted last without a name.

        Args:
            job: The job: id, name, or `last`.
            cluster: The cluster that it is on.
            error: What it wrote to standard error.
            follow: Go on until the job ends.

        Examples:
            >>> mesh.hpc.output("last")
        """
        return stream(self._mesh, "hpc.output", {"job": text(job), "cluster": text(cluster), "error": error, "follow": follow})

    def delete(self, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
        """Cancels jobs.

        Args:
            cluster: The cluster that they are on.
            group: Members of a group.
            job: Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.hpc.delete(job="last", yes=True)
        """
        return change(self._mesh, "hpc.delete", {"cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    def hold(self, jobs=None, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
        """Keeps waiting jobs from starting.

        Args:
            jobs: Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended.
            cluster: The cluster that they are on.
            group: Members of a group.
            job: The same, as an option.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.hpc.hold("all", cluster="local")
        """
        return change(self._mesh, "hpc.hold", {"jobs": text(jobs), "cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    def release(self, jobs=None, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
        """Lets held jobs start.

        Args:
            jobs: Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended.
            cluster: The cluster that they are on.
            group: Members of a group.
            job: The same, as an option.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.hpc.release("all", cluster="local")
        """
        return change(self._mesh, "hpc.release", {"jobs": text(jobs), "cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    def requeue(self, jobs=None, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
        """Stops running jobs and puts them back into the queue, to begin anew under the same id.

        Args:
            jobs: Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended.
            cluster: The cluster that they are on.
            group: Members of a group.
            job: The same, as an option.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.hpc.requeue("all", cluster="local", dryrun=True)
        """
        return change(self._mesh, "hpc.requeue", {"jobs": text(jobs), "cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    def alter(self, jobs=None, *, account=None, begin=None, cluster=None, group=None, job=None, name=None, qos=None, queue=None, time=None, dryrun=False, yes=False, wait=None, progress=True):
        """Changes what waiting jobs ask for; running ones where the cluster allows it.

        Args:
            jobs: Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended.
            account: Account to charge.
            begin: Not before: a date and time (2026-12-01T08:00), or from now on (+2h).
            cluster: The cluster that they are on.
            group: Members of a group.
            job: The same, as an option.
            name: Name.
            qos: Quality of service.
            queue: Queue (partition).
            time: Longest run time: minutes, or 90s, 30m, 2h, 3d, H:MM:SS, D-HH:MM:SS.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.hpc.alter(group="trials", time="2h", dryrun=True)
        """
        return change(self._mesh, "hpc.alter", {"jobs": text(jobs), "account": text(account), "begin": text(begin), "cluster": text(cluster), "group": text(group), "job": text(job), "name": text(name), "qos": text(qos), "queue": text(queue), "time": text(time)}, dryrun, yes, wait, progress)

    def nodes(self, *, cluster=None, queue=None, refresh=False):
        """Shows the nodes of clusters.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            queue: Only those of this queue.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.nodes(cluster="local")
        """
        return query(self._mesh, "hpc.nodes", {"cluster": text(cluster), "queue": text(queue)}, refresh)

    def history(self, *, cluster=None, everybody=False, since=None, state=None, refresh=False):
        """Shows the jobs that ended, with what they used, from the records that clusters keep.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            everybody: Everybody's, not only yours.
            since: How far back: 2d, 12h, or a date; a day without it.
            state: Only this state: completed, failed, timed_out ….
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.history(cluster="local")
            >>> mesh.hpc.history(cluster="local", since="7d", state="failed")
        """
        return query(self._mesh, "hpc.history", {"cluster": text(cluster), "everybody": everybody, "since": text(since), "state": text(state)}, refresh)

    def reservations(self, *, cluster=None, refresh=False):
        """Shows the reservations of nodes on clusters.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.reservations()
        """
        return query(self._mesh, "hpc.reservations", {"cluster": text(cluster)}, refresh)

    def accounts(self, *, cluster=None, refresh=False):
        """Shows the accounts that you may charge on clusters.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.accounts()
        """
        return query(self._mesh, "hpc.accounts", {"cluster": text(cluster)}, refresh)

    def explain(self, job=None, *, cluster=None, refresh=False):
        """Says why a job waits or how it ended, and what to do about it; the one submitted last without a name.

        Args:
            job: The job: id, name, or `last`.
            cluster: The cluster that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.explain("last")
        """
        return query(self._mesh, "hpc.explain", {"job": text(job), "cluster": text(cluster)}, refresh)


class GroupOperations:
    """`group`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, group=None, *, refresh=False):
        """Shows groups and their members.

        Args:
            group: Only this group.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.group.list()
        """
        return query(self._mesh, "group.list", {"group": text(group)}, refresh)

    def add(self, group, names, *, cloud=None, kind=None):
        """Puts things into a group; the group comes into being with its first member.

        Args:
            group: The group.
            names: Members: names, or a host list such as web[1-3].
            cloud: The cloud or cluster that they are on.
            kind: What they are: vm, job ….

        Examples:
            >>> mesh.group.add("web", "web[1-3]")
        """
        return setting(self._mesh, "group.add", {"group": text(group), "names": text(names), "cloud": text(cloud), "kind": text(kind)})

    def remove(self, group, names):
        """Takes things out of a group.

        Args:
            group: The group.
            names: Members: names, or a host list such as web[1-3].

        Examples:
            >>> mesh.group.remove("web", "web2")
        """
        return setting(self._mesh, "group.remove", {"group": text(group), "names": text(names)})

    def delete(self, groups):
        """Deletes groups; their members stay what they are.

        Args:
            groups: The groups.

        Examples:
            >>> mesh.group.delete(["web"])
        """
        return setting(self._mesh, "group.delete", {"groups": texts(groups)})

    def copy(self, from_, to):
        """Copies the members of a group into another.

        Args:
            from_: The group to copy.
            to: The group that gets its members.

        Examples:
            >>> mesh.group.copy("web", "web-old")
        """
        return setting(self._mesh, "group.copy", {"from": text(from_), "to": text(to)})

    def merge(self, first, second, into):
        """Makes one group of the members of two.

        Args:
            first: The first group.
            second: The second group.
            into: The group that gets the members of both.

        Examples:
            >>> mesh.group.merge("web", "web-old", "all-web")
        """
        return setting(self._mesh, "group.merge", {"first": text(first), "second": text(second), "into": text(into)})


class FlavorOperations:
    """`flavor`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, flavor=None, *, cloud=None, refresh=False):
        """Shows the flavors (sizes) of machines.

        Args:
            flavor: Only the flavor with this name or id.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.flavor.list(cloud="sim")
        """
        return query(self._mesh, "flavor.list", {"flavor": text(flavor), "cloud": text(cloud)}, refresh)

    def show(self, flavor=None, *, cloud=None, refresh=False):
        """Shows everything about a flavor; about the default one of the cloud without a name.

        Args:
            flavor: Its name or id.
            cloud: The cloud that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.flavor.show("m1.small", cloud="sim")
        """
        return query(self._mesh, "flavor.show", {"flavor": text(flavor), "cloud": text(cloud)}, refresh)


class DefaultOperations:
    """`default`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, all=False, cloud=None, refresh=False):
        """Shows the defaults.

        Args:
            all: Those of every cloud and cluster, and the general ones; so it is without --cloud, too.
            cloud: Only those of this cloud or cluster (`general` for those of none).
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.default.list()
        """
        return query(self._mesh, "default.list", {"all": all, "cloud": text(cloud)}, refresh)

    def get(self, key, *, cloud=None, refresh=False):
        """Shows one default.

        Args:
            key: What it is the default of: `image`, `cloud` ….
            cloud: The cloud or cluster that it holds for.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.default.get("image", cloud="sim")
        """
        return query(self._mesh, "default.get", {"key": text(key), "cloud": text(cloud)}, refresh)

    def set(self, values, *, cloud=None):
        """Sets defaults.

        Args:
            values: KEY=VALUE, once or more often.
            cloud: The cloud or cluster that they hold for; general ones without it.

        Examples:
            >>> mesh.default.set(["cloud=sim"])
            >>> mesh.default.set(["flavor=m1.small"], cloud="sim")
        """
        return setting(self._mesh, "default.set", {"values": texts(values), "cloud": text(cloud)})

    def delete(self, keys, *, cloud=None):
        """Takes defaults away.

        Args:
            keys: What they are the defaults of.
            cloud: The cloud or cluster that they hold for; general ones without it.

        Examples:
            >>> mesh.default.delete(["cloud"])
        """
        return setting(self._mesh, "default.delete", {"keys": texts(keys), "cloud": text(cloud)})


class CloudOperations:
    """`cloud`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    def list(self, *, refresh=False):
        """Shows the clouds.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.cloud.list()
        """
        return query(self._mesh, "cloud.list", {}, refresh)

    def info(self, cloud_name=None, *, cloud=None, refresh=False):
        """Logs in to a cloud and shows facts about it: account, services, limits, what it can do and what not.

        Args:
            cloud_name: The cloud; the default one without it.
            cloud: The cloud, as an option.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.cloud.info("sim")
        """
        return query(self._mesh, "cloud.info", {"cloud_name": text(cloud_name), "cloud": text(cloud)}, refresh)


class Operations:
    """All operations."""

    @property
    def _mesh(self):
        return self

    @property
    def cloud(self):
        """`cloud`."""
        return CloudOperations(self._mesh)

    @property
    def default(self):
        """`default`."""
        return DefaultOperations(self._mesh)

    @property
    def flavor(self):
        """`flavor`."""
        return FlavorOperations(self._mesh)

    @property
    def group(self):
        """`group`."""
        return GroupOperations(self._mesh)

    @property
    def hpc(self):
        """`hpc`."""
        return HpcOperations(self._mesh)

    @property
    def image(self):
        """`image`."""
        return ImageOperations(self._mesh)

    @property
    def key(self):
        """`key`."""
        return KeyOperations(self._mesh)

    @property
    def limits(self):
        """`limits`."""
        return LimitsOperations(self._mesh)

    @property
    def network(self):
        """`network`."""
        return NetworkOperations(self._mesh)

    @property
    def plan(self):
        """`plan`."""
        return PlanOperations(self._mesh)

    @property
    def port(self):
        """`port`."""
        return PortOperations(self._mesh)

    @property
    def quota(self):
        """`quota`."""
        return QuotaOperations(self._mesh)

    @property
    def register(self):
        """`register`."""
        return RegisterOperations(self._mesh)

    @property
    def router(self):
        """`router`."""
        return RouterOperations(self._mesh)

    @property
    def secgroup(self):
        """`secgroup`."""
        return SecgroupOperations(self._mesh)

    @property
    def servergroup(self):
        """`servergroup`."""
        return ServergroupOperations(self._mesh)

    @property
    def subnet(self):
        """`subnet`."""
        return SubnetOperations(self._mesh)

    @property
    def usage(self):
        """`usage`."""
        return UsageOperations(self._mesh)

    @property
    def var(self):
        """`var`."""
        return VarOperations(self._mesh)

    @property
    def vm(self):
        """`vm`."""
        return VmOperations(self._mesh)

    @property
    def volume(self):
        """`volume`."""
        return VolumeOperations(self._mesh)

    @property
    def zone(self):
        """`zone`."""
        return ZoneOperations(self._mesh)

    def undo(self, entry=None, *, dryrun=False, yes=False, wait=None, progress=True):
        """Turns back what was done last, or a named entry of the log. The way back is a plan too: --dryrun shows it.

        Args:
            entry: Id of a log entry or plan, or the beginning of it; the newest that has a way back without it.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.undo(dryrun=True)
        """
        return change(self._mesh, "undo", {"entry": text(entry)}, dryrun, yes, wait, progress)

    def log(self, *, limit=None, refresh=False):
        """Shows what was done: by which door, when, with what result; newest last.

        Args:
            limit: How many of the newest; all with 0.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.log(limit=20)
        """
        return query(self._mesh, "log", {"limit": limit}, refresh)

    def check(self, *, cloud=None, refresh=False):
        """Looks at every setting and logs in to every place, all at once; names the next step for each fault.

        Args:
            cloud: Only these clouds and clusters, separated by commas; all without it.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.check(cloud="sim")
        """
        return query(self._mesh, "check", {"cloud": text(cloud)}, refresh)

    def info(self, *, cloud=None, refresh=False):
        """Shows what commands take where an option is not given: the cloud, the cluster, their defaults, and what says so.

        Args:
            cloud: The cloud; the default one without it.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.info(cloud="sim")
        """
        return query(self._mesh, "info", {"cloud": text(cloud)}, refresh)

    def context(self, *, refresh=False):
        """Shows everything that is kept for the prompt: places, defaults, variables, groups.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.context()
        """
        return query(self._mesh, "context", {}, refresh)

    def reset(self):
        """Forgets all defaults, variables and groups; `undo` brings them back.
        Registered clouds and clusters, keys, plans and the log stay, and so does everything that runs.

        Examples:
            >>> mesh.reset()
        """
        return setting(self._mesh, "reset", {})

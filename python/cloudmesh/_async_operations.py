# Made from the catalogue of operations; do not edit. crates/cm/tests/python_package.rs tells how.
"""The operations as methods."""

from ._core import async_change, async_query, async_session, async_setting, stream, text, texts


class AsyncVmIpOperations:
    """`vm ip`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def assign(self, names=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "vm.ip.assign", {"names": text(names), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    async def show(self, names=None, *, cloud=None, group=None, refresh=False):
        """Shows the addresses of virtual machines; of the last one without a name.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            group: Members of a group.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.ip.show("web1")
        """
        return await async_query(self._mesh, "vm.ip.show", {"names": text(names), "cloud": text(cloud), "group": text(group)}, refresh)


class AsyncVmOperations:
    """`vm`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    @property
    def ip(self):
        """`vm ip`."""
        return AsyncVmIpOperations(self._mesh)

    async def boot(self, names=None, *, cloud=None, flavor=None, group=None, image=None, key=None, metadata=None, n=None, name=None, network=None, public=False, secgroup=None, username=None, zone=None, dryrun=False, yes=False, wait=None, progress=True):
        """Boots virtual machines.
        What is not given comes from the defaults of the cloud, then the general ones; --dryrun shows which.

        Args:
            names: Names, or a host list such as web[1-3]; USER-001, USER-002 … without them.
            cloud: The cloud.
            flavor: Flavor, by name or id.
            group: Group that the machines join.
            image: Image, by name or id.
            key: Key to log in with.
            metadata: Metadata.
            n: How many.
            name: Names, as an option.
            network: Networks, by name or id, separated by commas.
            public: Give each a floating (public) address.
            secgroup: Security groups, separated by commas.
            username: Account to log in with.
            zone: Availability zone.
            dryrun: Return the plan, kept for `apply`; do nothing else.
            yes: What this destroys is confirmed.
            wait: Wait for the final state, too; with False return a handle at once.
            progress: Show how far it is.

        Examples:
            >>> mesh.vm.boot("web[1-3]", cloud="sim", flavor="m1.small", image="ubuntu-24.04")
            >>> mesh.vm.boot(cloud="sim", flavor="m1.small", image="ubuntu-24.04", n=2, dryrun=True)
        """
        return await async_change(self._mesh, "vm.boot", {"names": text(names), "cloud": text(cloud), "flavor": text(flavor), "group": text(group), "image": text(image), "key": text(key), "metadata": texts(metadata), "n": n, "name": text(name), "network": text(network), "public": public, "secgroup": text(secgroup), "username": text(username), "zone": text(zone)}, dryrun, yes, wait, progress)

    async def list(self, names=None, *, cloud=None, refresh=False):
        """Shows the virtual machines.

        Args:
            names: Only these: names, or a host list such as web[1-3].
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.list()
            >>> mesh.vm.list(cloud="all", refresh=True)
        """
        return await async_query(self._mesh, "vm.list", {"names": text(names), "cloud": text(cloud)}, refresh)

    async def show(self, names=None, *, cloud=None, refresh=False):
        """Shows everything about virtual machines; the last one without a name.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.show("web1")
        """
        return await async_query(self._mesh, "vm.show", {"names": text(names), "cloud": text(cloud)}, refresh)

    async def status(self, names=None, *, cloud=None, refresh=False):
        """Shows the state of virtual machines as their clouds tell it now; of the last one without a name.

        Args:
            names: Names or ids, or a host list such as web[1-3].
            cloud: The cloud that they are on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.vm.status("web1")
        """
        return await async_query(self._mesh, "vm.status", {"names": text(names), "cloud": text(cloud)}, refresh)

    async def start(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "vm.start", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    async def stop(self, names=None, *, cloud=None, group=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "vm.stop", {"names": text(names), "cloud": text(cloud), "group": text(group)}, dryrun, yes, wait, progress)

    async def delete(self, names=None, *, cloud=None, group=None, keep=False, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "vm.delete", {"names": text(names), "cloud": text(cloud), "group": text(group), "keep": keep}, dryrun, yes, wait, progress)

    async def ssh(self, name=None, *, cloud=None, command=None, key=None, username=None):
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
        return await async_session(self._mesh, "vm.ssh", {"name": text(name), "cloud": text(cloud), "command": text(command), "key": text(key), "username": text(username)})


class AsyncVarOperations:
    """`var`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, *, refresh=False):
        """Shows the variables.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.var.list()
        """
        return await async_query(self._mesh, "var.list", {}, refresh)

    async def get(self, name, *, refresh=False):
        """Shows one variable.

        Args:
            name: Its name.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.var.get("course")
        """
        return await async_query(self._mesh, "var.get", {"name": text(name)}, refresh)

    async def set(self, values):
        """Sets variables.
        A value may be `now`, `date`, `default.KEY`, or a path of the configuration such as `cloudmesh.profile.user`.

        Args:
            values: NAME=VALUE, once or more often.

        Examples:
            >>> mesh.var.set(["course=e516"])
            >>> mesh.var.set(["today=date"])
        """
        return await async_setting(self._mesh, "var.set", {"values": texts(values)})

    async def delete(self, names):
        """Takes variables away.

        Args:
            names: Their names, also as host lists: a,b or room[1-3].

        Examples:
            >>> mesh.var.delete(["course"])
        """
        return await async_setting(self._mesh, "var.delete", {"names": texts(names)})


class AsyncRegisterOperations:
    """`register`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, *, refresh=False):
        """Shows all clouds and clusters, wherever they are described.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.register.list()
        """
        return await async_query(self._mesh, "register.list", {}, refresh)

    async def cloud(self, name, settings=None, *, defaults=None, from_environment=False, heading=None, secrets_on_stdin=False, type=None):
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
        return await async_setting(self._mesh, "register.cloud", {"name": text(name), "settings": texts(settings), "defaults": texts(defaults), "from_environment": from_environment, "heading": text(heading), "secrets_on_stdin": secrets_on_stdin, "type": text(type)})

    async def cluster(self, name, settings=None, *, defaults=None, from_environment=False, heading=None, secrets_on_stdin=False, type=None):
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
        return await async_setting(self._mesh, "register.cluster", {"name": text(name), "settings": texts(settings), "defaults": texts(defaults), "from_environment": from_environment, "heading": text(heading), "secrets_on_stdin": secrets_on_stdin, "type": text(type)})

    async def remove(self, name):
        """Takes a cloud or cluster out of `cloudmesh.yaml` and forgets its secrets; nothing there is touched.

        Args:
            name: Its name.

        Examples:
            >>> mesh.register.remove("kilo")
        """
        return await async_setting(self._mesh, "register.remove", {"name": text(name)})


class AsyncPlanOperations:
    """`plan`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, *, refresh=False):
        """Shows the plans, oldest first.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.plan.list()
        """
        return await async_query(self._mesh, "plan.list", {}, refresh)

    async def show(self, plan=None, *, refresh=False):
        """Shows a plan's steps and where each stands.

        Args:
            plan: The plan's id, the beginning of it, or `last`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.plan.show("last")
        """
        return await async_query(self._mesh, "plan.show", {"plan": text(plan)}, refresh)

    async def apply(self, plan=None, *, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "plan.apply", {"plan": text(plan)}, dryrun, yes, wait, progress)

    async def resume(self, plan=None, *, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "plan.resume", {"plan": text(plan)}, dryrun, yes, wait, progress)

    async def cancel(self, plan):
        """Gives a plan up: it will not be run any more. What it made stays; undo takes that back.

        Args:
            plan: The plan's id, or the beginning of it.

        Examples:
            >>> mesh.plan.cancel("last")
        """
        return await async_setting(self._mesh, "plan.cancel", {"plan": text(plan)})


class AsyncKeyOperations:
    """`key`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, *, cloud=None, source=None, refresh=False):
        """Shows keys: your own, or those that clouds know.

        Args:
            cloud: Clouds, separated by commas, or `all`; implies --source=cloud.
            source: Where to look: `db` for your own, `cloud` for those of clouds.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.key.list()
            >>> mesh.key.list(cloud="sim")
        """
        return await async_query(self._mesh, "key.list", {"cloud": text(cloud), "source": text(source)}, refresh)

    async def add(self, name=None, *, generate=False, source=None, ssh=False):
        """Keeps a public key under a name; the private half stays where it is.

        Args:
            name: Its name; your user name without it.
            generate: Make a new key pair in Cloudmesh's own folder.
            source: The file of the public key.
            ssh: The public key in ~/.ssh (the default).

        Examples:
            >>> mesh.key.add("laptop", generate=True)
        """
        return await async_setting(self._mesh, "key.add", {"name": text(name), "generate": generate, "source": text(source), "ssh": ssh})

    async def upload(self, name=None, *, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "key.upload", {"name": text(name), "cloud": text(cloud)}, dryrun, yes, wait, progress)

    async def delete(self, names=None, *, all=False, cloud=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "key.delete", {"names": texts(names), "all": all, "cloud": text(cloud)}, dryrun, yes, wait, progress)


class AsyncImageOperations:
    """`image`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, image=None, *, cloud=None, refresh=False):
        """Shows the images that machines boot from.

        Args:
            image: Only the image with this name or id.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.image.list(cloud="sim")
        """
        return await async_query(self._mesh, "image.list", {"image": text(image), "cloud": text(cloud)}, refresh)

    async def show(self, image=None, *, cloud=None, refresh=False):
        """Shows everything about an image; about the default one of the cloud without a name.

        Args:
            image: Its name or id.
            cloud: The cloud that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.image.show("ubuntu-24.04", cloud="sim")
        """
        return await async_query(self._mesh, "image.show", {"image": text(image), "cloud": text(cloud)}, refresh)


class AsyncHpcOperations:
    """`hpc`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def info(self, *, cluster=None, refresh=False):
        """Shows the queues of clusters, as they are now.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.info(cluster="local")
        """
        return await async_query(self._mesh, "hpc.info", {"cluster": text(cluster)}, refresh)

    async def queue(self, *, all=False, cluster=None, job=None, refresh=False):
        """Shows your jobs on clusters, as they are now.

        Args:
            all: Those that ended long ago too.
            cluster: Clusters, separated by commas, or `all`.
            job: Only this job: id, name, or `last`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.queue(cluster="local")
        """
        return await async_query(self._mesh, "hpc.queue", {"all": all, "cluster": text(cluster), "job": text(job)}, refresh)

    async def status(self, *, cluster=None, job=None, refresh=False):
        """Shows everything about a job, as it is now; about the one submitted last without a name.

        Args:
            cluster: The cluster that it is on.
            job: The job: id, name, or `last`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.status()
        """
        return await async_query(self._mesh, "hpc.status", {"cluster": text(cluster), "job": text(job)}, refresh)

    async def run(self, script, *, account=None, after=None, afterany=None, afternotok=None, afterok=None, array=None, begin=None, cluster=None, constraint=None, cpus=None, dir=None, env=None, gpus=None, group=None, hold=False, licences=None, mail=None, mail_on=None, memory=None, n=None, name=None, nodes=None, qos=None, queue=None, reservation=None, tasks=None, time=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "hpc.run", {"script": texts(script), "account": text(account), "after": text(after), "afterany": text(afterany), "afternotok": text(afternotok), "afterok": text(afterok), "array": text(array), "begin": text(begin), "cluster": text(cluster), "constraint": text(constraint), "cpus": cpus, "dir": text(dir), "env": texts(env), "gpus": text(gpus), "group": text(group), "hold": hold, "licences": text(licences), "mail": text(mail), "mail_on": text(mail_on), "memory": memory, "n": n, "name": text(name), "nodes": nodes, "qos": text(qos), "queue": text(queue), "reservation": text(reservation), "tasks": tasks, "time": text(time)}, dryrun, yes, wait, progress)

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

    async def delete(self, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "hpc.delete", {"cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    async def hold(self, jobs=None, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "hpc.hold", {"jobs": text(jobs), "cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    async def release(self, jobs=None, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "hpc.release", {"jobs": text(jobs), "cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    async def requeue(self, jobs=None, *, cluster=None, group=None, job=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "hpc.requeue", {"jobs": text(jobs), "cluster": text(cluster), "group": text(group), "job": text(job)}, dryrun, yes, wait, progress)

    async def alter(self, jobs=None, *, account=None, begin=None, cluster=None, group=None, job=None, name=None, qos=None, queue=None, time=None, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "hpc.alter", {"jobs": text(jobs), "account": text(account), "begin": text(begin), "cluster": text(cluster), "group": text(group), "job": text(job), "name": text(name), "qos": text(qos), "queue": text(queue), "time": text(time)}, dryrun, yes, wait, progress)

    async def nodes(self, *, cluster=None, queue=None, refresh=False):
        """Shows the nodes of clusters.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            queue: Only those of this queue.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.nodes(cluster="local")
        """
        return await async_query(self._mesh, "hpc.nodes", {"cluster": text(cluster), "queue": text(queue)}, refresh)

    async def history(self, *, cluster=None, everybody=False, since=None, state=None, refresh=False):
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
        return await async_query(self._mesh, "hpc.history", {"cluster": text(cluster), "everybody": everybody, "since": text(since), "state": text(state)}, refresh)

    async def reservations(self, *, cluster=None, refresh=False):
        """Shows the reservations of nodes on clusters.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.reservations()
        """
        return await async_query(self._mesh, "hpc.reservations", {"cluster": text(cluster)}, refresh)

    async def accounts(self, *, cluster=None, refresh=False):
        """Shows the accounts that you may charge on clusters.

        Args:
            cluster: Clusters, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.accounts()
        """
        return await async_query(self._mesh, "hpc.accounts", {"cluster": text(cluster)}, refresh)

    async def explain(self, job=None, *, cluster=None, refresh=False):
        """Says why a job waits or how it ended, and what to do about it; the one submitted last without a name.

        Args:
            job: The job: id, name, or `last`.
            cluster: The cluster that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.hpc.explain("last")
        """
        return await async_query(self._mesh, "hpc.explain", {"job": text(job), "cluster": text(cluster)}, refresh)


class AsyncGroupOperations:
    """`group`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, group=None, *, refresh=False):
        """Shows groups and their members.

        Args:
            group: Only this group.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.group.list()
        """
        return await async_query(self._mesh, "group.list", {"group": text(group)}, refresh)

    async def add(self, group, names, *, cloud=None, kind=None):
        """Puts things into a group; the group comes into being with its first member.

        Args:
            group: The group.
            names: Members: names, or a host list such as web[1-3].
            cloud: The cloud or cluster that they are on.
            kind: What they are: vm, job ….

        Examples:
            >>> mesh.group.add("web", "web[1-3]")
        """
        return await async_setting(self._mesh, "group.add", {"group": text(group), "names": text(names), "cloud": text(cloud), "kind": text(kind)})

    async def remove(self, group, names):
        """Takes things out of a group.

        Args:
            group: The group.
            names: Members: names, or a host list such as web[1-3].

        Examples:
            >>> mesh.group.remove("web", "web2")
        """
        return await async_setting(self._mesh, "group.remove", {"group": text(group), "names": text(names)})

    async def delete(self, groups):
        """Deletes groups; their members stay what they are.

        Args:
            groups: The groups.

        Examples:
            >>> mesh.group.delete(["web"])
        """
        return await async_setting(self._mesh, "group.delete", {"groups": texts(groups)})

    async def copy(self, from_, to):
        """Copies the members of a group into another.

        Args:
            from_: The group to copy.
            to: The group that gets its members.

        Examples:
            >>> mesh.group.copy("web", "web-old")
        """
        return await async_setting(self._mesh, "group.copy", {"from": text(from_), "to": text(to)})

    async def merge(self, first, second, into):
        """Makes one group of the members of two.

        Args:
            first: The first group.
            second: The second group.
            into: The group that gets the members of both.

        Examples:
            >>> mesh.group.merge("web", "web-old", "all-web")
        """
        return await async_setting(self._mesh, "group.merge", {"first": text(first), "second": text(second), "into": text(into)})


class AsyncFlavorOperations:
    """`flavor`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, flavor=None, *, cloud=None, refresh=False):
        """Shows the flavors (sizes) of machines.

        Args:
            flavor: Only the flavor with this name or id.
            cloud: Clouds, separated by commas, or `all`.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.flavor.list(cloud="sim")
        """
        return await async_query(self._mesh, "flavor.list", {"flavor": text(flavor), "cloud": text(cloud)}, refresh)

    async def show(self, flavor=None, *, cloud=None, refresh=False):
        """Shows everything about a flavor; about the default one of the cloud without a name.

        Args:
            flavor: Its name or id.
            cloud: The cloud that it is on.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.flavor.show("m1.small", cloud="sim")
        """
        return await async_query(self._mesh, "flavor.show", {"flavor": text(flavor), "cloud": text(cloud)}, refresh)


class AsyncDefaultOperations:
    """`default`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, *, all=False, cloud=None, refresh=False):
        """Shows the defaults.

        Args:
            all: Those of every cloud and cluster, and the general ones; so it is without --cloud, too.
            cloud: Only those of this cloud or cluster (`general` for those of none).
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.default.list()
        """
        return await async_query(self._mesh, "default.list", {"all": all, "cloud": text(cloud)}, refresh)

    async def get(self, key, *, cloud=None, refresh=False):
        """Shows one default.

        Args:
            key: What it is the default of: `image`, `cloud` ….
            cloud: The cloud or cluster that it holds for.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.default.get("image", cloud="sim")
        """
        return await async_query(self._mesh, "default.get", {"key": text(key), "cloud": text(cloud)}, refresh)

    async def set(self, values, *, cloud=None):
        """Sets defaults.

        Args:
            values: KEY=VALUE, once or more often.
            cloud: The cloud or cluster that they hold for; general ones without it.

        Examples:
            >>> mesh.default.set(["cloud=sim"])
            >>> mesh.default.set(["flavor=m1.small"], cloud="sim")
        """
        return await async_setting(self._mesh, "default.set", {"values": texts(values), "cloud": text(cloud)})

    async def delete(self, keys, *, cloud=None):
        """Takes defaults away.

        Args:
            keys: What they are the defaults of.
            cloud: The cloud or cluster that they hold for; general ones without it.

        Examples:
            >>> mesh.default.delete(["cloud"])
        """
        return await async_setting(self._mesh, "default.delete", {"keys": texts(keys), "cloud": text(cloud)})


class AsyncCloudOperations:
    """`cloud`."""

    __slots__ = ("_mesh",)

    def __init__(self, mesh):
        self._mesh = mesh

    async def list(self, *, refresh=False):
        """Shows the clouds.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.cloud.list()
        """
        return await async_query(self._mesh, "cloud.list", {}, refresh)

    async def info(self, cloud_name=None, *, cloud=None, refresh=False):
        """Logs in to a cloud and shows facts about it: account, services, limits, what it can do and what not.

        Args:
            cloud_name: The cloud; the default one without it.
            cloud: The cloud, as an option.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.cloud.info("sim")
        """
        return await async_query(self._mesh, "cloud.info", {"cloud_name": text(cloud_name), "cloud": text(cloud)}, refresh)


class AsyncOperations:
    """All operations."""

    @property
    def _mesh(self):
        return self

    @property
    def cloud(self):
        """`cloud`."""
        return AsyncCloudOperations(self._mesh)

    @property
    def default(self):
        """`default`."""
        return AsyncDefaultOperations(self._mesh)

    @property
    def flavor(self):
        """`flavor`."""
        return AsyncFlavorOperations(self._mesh)

    @property
    def group(self):
        """`group`."""
        return AsyncGroupOperations(self._mesh)

    @property
    def hpc(self):
        """`hpc`."""
        return AsyncHpcOperations(self._mesh)

    @property
    def image(self):
        """`image`."""
        return AsyncImageOperations(self._mesh)

    @property
    def key(self):
        """`key`."""
        return AsyncKeyOperations(self._mesh)

    @property
    def plan(self):
        """`plan`."""
        return AsyncPlanOperations(self._mesh)

    @property
    def register(self):
        """`register`."""
        return AsyncRegisterOperations(self._mesh)

    @property
    def var(self):
        """`var`."""
        return AsyncVarOperations(self._mesh)

    @property
    def vm(self):
        """`vm`."""
        return AsyncVmOperations(self._mesh)

    async def undo(self, entry=None, *, dryrun=False, yes=False, wait=None, progress=True):
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
        return await async_change(self._mesh, "undo", {"entry": text(entry)}, dryrun, yes, wait, progress)

    async def log(self, *, limit=None, refresh=False):
        """Shows what was done: by which door, when, with what result; newest last.

        Args:
            limit: How many of the newest; all with 0.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.log(limit=20)
        """
        return await async_query(self._mesh, "log", {"limit": limit}, refresh)

    async def check(self, *, cloud=None, refresh=False):
        """Looks at every setting and logs in to every place, all at once; names the next step for each fault.

        Args:
            cloud: Only these clouds and clusters, separated by commas; all without it.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.check(cloud="sim")
        """
        return await async_query(self._mesh, "check", {"cloud": text(cloud)}, refresh)

    async def info(self, *, cloud=None, refresh=False):
        """Shows what commands take where an option is not given: the cloud, the cluster, their defaults, and what says so.

        Args:
            cloud: The cloud; the default one without it.
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.info(cloud="sim")
        """
        return await async_query(self._mesh, "info", {"cloud": text(cloud)}, refresh)

    async def context(self, *, refresh=False):
        """Shows everything that is kept for the prompt: places, defaults, variables, groups.

        Args:
            refresh: Ask the places again before answering.

        Examples:
            >>> mesh.context()
        """
        return await async_query(self._mesh, "context", {}, refresh)

    async def reset(self):
        """Forgets all defaults, variables and groups; `undo` brings them back.
        Registered clouds and clusters, keys, plans and the log stay, and so does everything that runs.

        Examples:
            >>> mesh.reset()
        """
        return await async_setting(self._mesh, "reset", {})

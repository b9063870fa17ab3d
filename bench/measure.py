"""Measures `cm` beside its peers. Medians; CPU time where it matters, for it is steadier than wall time.

Each measurement is a function of its own; what it needs and has not got is said, never guessed.
Nothing here asserts: a limit is printed beside the number.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = []


class Run:
    """One run of a program: wall time, CPU time, peak memory, output."""

    def __init__(self, argv, env, timeout=600, stdin=b"", first_row=False):
        begun = time.perf_counter()
        with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
            child = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stderr=errors,
                stdout=subprocess.PIPE if first_row else output)
            self.first = None
            if first_row:
                lines = []
                for line in child.stdout:
                    if self.first is None:
                        self.first = time.perf_counter() - begun
                    lines.append(line)
                self.output = b"".join(lines)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.wall = time.perf_counter() - begun
            errors.seek(0)
            self.errors = errors.read().decode(errors="replace")
            if not first_row:
                output.seek(0)
                self.output = output.read()
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024
        self.code = child.returncode


class Bench:
    def __init__(self, arguments):
        self.cm = os.path.abspath(arguments.cm)
        self.arguments = arguments
        self.folder = tempfile.mkdtemp(prefix="cloudmesh-bench-")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8",
            "CLOUDMESH_HOME": os.path.join(self.folder, "home"),
            "XDG_RUNTIME_DIR": self.folder,
            "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
        }
        os.chmod(self.folder, 0o700)

    def home(self, name, **more):
        environment = dict(self.environment, CLOUDMESH_HOME=os.path.join(self.folder, name))
        environment.update(more)
        return environment

    def cm_run(self, *words, env=None, ok=(0,), **options):
        run = Run([self.cm, *words], env or self.environment, **options)
        if run.code not in ok:
            sys.exit(f"cm {' '.join(words)} ended with {run.code}: {run.errors.strip()}")
        return run

    def median(self, count, *words, env=None, what="cpu"):
        return statistics.median(getattr(self.cm_run(*words, env=env), what) for _ in range(count))


def row(name, value, unit, limit=None, note=""):
    holds = "" if limit is None else ("yes" if value <= limit else "NO")
    limit_text = "" if limit is None else f"<= {limit:g} {unit}"
    ROWS.append((name, f"{value:.4g} {unit}", limit_text, holds, note))
    print(f"{name:<58} {value:>10.4g} {unit:<6} {limit_text:<14} {holds:<4} {note}", flush=True)


def start_up(bench):
    """CPU of commands that need nothing."""
    for word in ("--version", "help"):
        cpu = bench.median(101, word) * 1000
        row(f"cm {word}: CPU", cpu, "ms", 3)


def cached_list(bench):
    """Lists from the store."""
    times = {}
    for clouds, per_cloud in ((1, 10_000), (10, 10_000)):
        env = bench.home(f"list-{clouds}")
        bench.cm_run("sim", "up", f"--clouds={clouds}", f"--servers={per_cloud}", env=env)
        try:
            bench.cm_run("vm", "list", "--refresh", "--cloud=all", env=env)
            runs = [bench.cm_run("vm", "list", "--cloud=all", env=env) for _ in range(11)]
        finally:
            bench.cm_run("sim", "down", env=env)
        count = clouds * per_cloud
        lines = runs[0].output.count(b"\n")
        if lines < count:
            sys.exit(f"{count} machines were expected in the list, {lines} lines came")
        times[count] = statistics.median(run.cpu for run in runs) * 1000
        memory = statistics.median(run.memory for run in runs)
        limit = 20 if clouds == 1 else 11 * times[10_000]
        row(f"cached vm list of {count}: CPU", times[count], "ms", limit)
        row(f"cached vm list of {count}: memory", memory, "MB", 25 if clouds == 1 else None)


def many_clouds(bench):
    """Fifty clouds at once, each far away; then the same with one dead."""
    env = bench.home("many")
    bench.cm_run("sim", "up", "--clouds=50", "--servers=1000", "--latency=100", env=env)
    try:
        slowest = max(
            bench.cm_run("vm", "list", "--refresh", f"--cloud=sim-{number:03}", env=env).wall for number in (1, 25, 50))
        runs = [
            bench.cm_run("vm", "list", "--refresh", "--cloud=all", "-o", "ndjson", env=env, first_row=True) for _ in range(3)]
        wall = statistics.median(run.wall for run in runs)
        row("50 clouds x 1,000 servers at 100 ms: wall", wall, "s", slowest + 1, f"one cloud alone {slowest:.2f} s")
        row("50 clouds x 1,000 servers at 100 ms: CPU", statistics.median(run.cpu for run in runs), "s", 1)
        row("50 clouds x 1,000 servers: first row after", statistics.median(run.first for run in runs), "s")
        bench.cm_run("sim", "fault", "dead=\"silent\"", "--cloud=sim-050", env=env)
        dead = bench.cm_run("vm", "list", "--refresh", "--cloud=all", "-o", "ndjson", env=env, ok=(0, 3, 5), first_row=True)
        row("the same with one dead cloud: wall", dead.wall, "s", wall + 1)
        row("the same with one dead cloud: first row after", dead.first, "s")
    finally:
        bench.cm_run("sim", "down", env=env)


def real_cloud(bench):
    """Beside the official client and beside bare requests, on a real OpenStack."""
    client = os.environ.get("CLOUDMESH_OPENSTACK_CLIENT")
    config = os.environ.get("OS_CLIENT_CONFIG_FILE")
    if not client or not config:
        print("left out: the real OpenStack (scripts/bench --real)")
        return
    env = bench.home("cloud", OS_CLIENT_CONFIG_FILE=config)
    peer = dict(bench.environment, OS_CLIENT_CONFIG_FILE=config, OS_CLOUD="rig")
    for name, value in (("image", "cirros-rig"), ("flavor", "m1.nano")):
        bench.cm_run("default", "set", f"{name}={value}", "--cloud=rig", env=env)
    bare = Bare(client, peer)
    names = "bench-[01-20]"
    try:
        theirs = bare.boot(20)
        bare.delete()
        ours = bench.cm_run("vm", "boot", names, "--cloud=rig", env=env).wall
        row("boot of 20 on the real OpenStack: wall", ours, "s", 1.2 * theirs, f"bare concurrent client {theirs:.1f} s")
        pairs = []
        for _ in range(7):
            mine = bench.cm_run("vm", "list", "--refresh", "--cloud=rig", env=env)
            other = Run([client, "server", "list"], peer)
            pairs.append((mine, other, bare.reads()))
        cpu = statistics.median(mine.cpu for mine, _, _ in pairs) * 1000
        their_cpu = statistics.median(other.cpu for _, other, _ in pairs) * 1000
        row("vm list --refresh, 20 servers: CPU", cpu, "ms", their_cpu / 20, f"openstack server list {their_cpu:.0f} ms")
        wall = statistics.median(mine.wall for mine, _, _ in pairs) * 1000
        gets = statistics.median(reads for _, _, reads in pairs) * 1000
        row("vm list --refresh, 20 servers: wall", wall, "ms", gets + 40, f"the bare GETs {gets:.0f} ms")
    finally:
        bench.cm_run("vm", "delete", names, "--cloud=rig", "--yes", env=env, ok=(0, 2, 3))


class Bare:
    """Nova and Glance by plain requests: what the work costs without any client around it."""

    def __init__(self, client, env):
        output = subprocess.run([client, "catalog", "list", "-f", "json"], env=env, capture_output=True, check=True).stdout
        self.services = {}
        for service in json.loads(output):
            for endpoint in service["Endpoints"]:
                if endpoint["interface"] == "public":
                    self.services[service["Type"]] = endpoint["url"].rstrip("/")
        output = subprocess.run([client, "token", "issue", "-f", "json"], env=env, capture_output=True, check=True).stdout
        self.token = json.loads(output)["id"]
        self.made = []

    def call(self, method, url, body=None):
        import urllib.request
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers={
            "X-Auth-Token": self.token, "Content-Type": "application/json", "OpenStack-API-Version": "compute 2.64"})
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return json.loads(text) if text else {}

    def reads(self):
        begun = time.perf_counter()
        self.call("GET", self.services["compute"] + "/servers/detail")
        return time.perf_counter() - begun

    def boot(self, count):
        from concurrent.futures import ThreadPoolExecutor
        compute = self.services["compute"]
        flavors = self.call("GET", compute + "/flavors")["flavors"]
        flavor = next(flavor["id"] for flavor in flavors if flavor["name"] == "m1.nano")
        images = self.call("GET", self.services["image"] + "/v2/images")["images"]
        image = next(image["id"] for image in images if image["name"] == "cirros-rig")
        networks = self.call("GET", self.services["network"] + "/v2.0/networks?router:external=false")["networks"]

        def one(number):
            body = {"server": {"name": f"bare-{number}", "imageRef": image, "flavorRef": flavor,
                               "networks": [{"uuid": networks[0]["id"]}]}}
            return self.call("POST", compute + "/servers", body)["server"]["id"]

        begun = time.perf_counter()
        with ThreadPoolExecutor(10) as pool:
            self.made = list(pool.map(one, range(count)))
        pause = 0.4
        while time.perf_counter() - begun < 600:
            servers = self.call("GET", compute + "/servers/detail")["servers"]
            states = {server["id"]: server["status"] for server in servers}
            if all(states.get(made) == "ACTIVE" for made in self.made):
                break
            time.sleep(pause)
            pause = min(pause * 1.5, 5)
        return time.perf_counter() - begun

    def delete(self):
        compute = self.services["compute"]
        for made in self.made:
            self.call("DELETE", f"{compute}/servers/{made}")
        until = time.perf_counter() + 300
        while time.perf_counter() < until:
            left = {server["id"] for server in self.call("GET", compute + "/servers")["servers"]}
            if not left & set(self.made):
                return
            time.sleep(1)


def real_cluster(bench):
    """Submissions beside `xargs -P4 sbatch` on the login node and a loop of `ssh HOST sbatch`."""
    config = os.environ.get("CLOUDMESH_RIG_SLURM_SSH_CONFIG")
    host = os.environ.get("CLOUDMESH_RIG_SLURM_HOST")
    if not config or not host:
        print("left out: the real Slurm (scripts/bench --real)")
        return
    env = bench.home("cluster")
    bench.cm_run("register", "cluster", "rig", "--type=slurm", f"cm_host={host}", f"ssh_config={config}", env=env)
    ssh = ["ssh", "-F", config, host]
    cancel = ssh + ["scancel --user=$(id -un) --state=PENDING; true"]
    bench.cm_run("hpc", "info", "--cluster=rig", env=env)
    count = 200
    ours, theirs = [], []
    for _ in range(3):
        ours.append(bench.cm_run("hpc", "run", f"--n={count}", "--hold", "--cluster=rig", "--", "true", env=env).wall)
        subprocess.run(cancel, check=False, capture_output=True)
        script = f"printf '#!/bin/sh\\ntrue\\n' >bench.sh; seq {count} | xargs -P4 -I{{}} sbatch --hold --job-name=b{{}} bench.sh >/dev/null"
        begun = time.perf_counter()
        subprocess.run(ssh + [script], check=True, capture_output=True)
        theirs.append(time.perf_counter() - begun)
        subprocess.run(cancel, check=False, capture_output=True)
    mine, peer = statistics.median(ours), statistics.median(theirs)
    row(f"{count} held submits on the real Slurm: wall", mine, "s", 1.2 * peer, f"xargs -P4 sbatch {peer:.2f} s")
    begun = time.perf_counter()
    for _ in range(10):
        subprocess.run(ssh + ["sbatch --hold bench.sh"], check=True, capture_output=True)
    loop = (time.perf_counter() - begun) / 10
    row("one of these submits: wall", 1000 * mine / count, "ms", 1000 * loop / 20, f"a loop of ssh sbatch {1000 * loop:.0f} ms each")
    arrays = []
    for _ in range(3):
        arrays.append(bench.cm_run("hpc", "run", "--array=1-1000", "--hold", "--cluster=rig", "--", "true", env=env).wall)
        subprocess.run(cancel, check=False, capture_output=True)
    row("1,000 equal jobs as an array: wall", statistics.median(arrays), "s", 1)


def build(bench):
    """A clean release build, and the size of the program."""
    row("size of the program", os.path.getsize(bench.cm) / 1e6, "MB", 25)
    if not bench.arguments.build:
        return
    target = os.path.join(bench.folder, "target")
    begun = time.perf_counter()
    subprocess.run(["cargo", "build", "--release", "--quiet"], env=dict(os.environ, CARGO_TARGET_DIR=target), check=True)
    row("clean release build", (time.perf_counter() - begun) / 60, "min", 6)


def python_package(bench):
    """The Python package beside bare Python, and beside Apache Libcloud where that is installed.

    CLOUDMESH_TEST_PYTHON names a Python with the package, built for release: CLOUDMESH_PYTHON_PROFILE=release scripts/python up.
    """
    python = os.environ.get("CLOUDMESH_TEST_PYTHON")
    if not python:
        print("left out: the Python package (CLOUDMESH_TEST_PYTHON)")
        return

    def wall(code, env, count=21):
        runs = [Run([python, "-c", code], env) for _ in range(count)]
        if any(run.code for run in runs):
            return None
        return statistics.median(run.wall for run in runs) * 1000

    env = bench.home("python", CLOUDMESH_PROGRAM=bench.cm)
    bare = wall("pass", env)
    imported = wall("import cloudmesh", env)
    if imported is None:
        print("left out: the Python package is not in", python)
        return
    row("import cloudmesh, over bare Python: wall", imported - bare, "ms", 15, f"bare Python {bare:.1f} ms")
    drivers = "from libcloud.compute.drivers import ec2, openstack"
    libcloud = wall(drivers, env, 5)
    if libcloud is None:
        print("left out: Apache Libcloud is not installed beside the package")
    else:
        row("libcloud's EC2 and OpenStack drivers, over bare Python", libcloud - bare, "ms")
    code = """
import cloudmesh as cm, statistics, sys, time
mesh = cm.Mesh()
def timed(work):
    times = []
    for _ in range(11):
        begun = time.perf_counter()
        count = len(work())
        times.append(time.perf_counter() - begun)
        assert count == 10_000, count
    return statistics.median(times) * 1000
print(timed(lambda: mesh.vm.list(cloud="all")), timed(lambda: mesh.vm.list(cloud="all").to_dicts()))
"""
    bench.cm_run("sim", "up", "--clouds=1", "--servers=10000", env=env)
    try:
        bench.cm_run("vm", "list", "--refresh", "--cloud=all", env=env)
        run = Run([python, "-W", "ignore", "-c", code], env)
    finally:
        bench.cm_run("sim", "down", env=env)
    if run.code:
        sys.exit(f"the list in Python failed: {run.errors}")
    lazy, dicts = map(float, run.output.split())
    row("mesh.vm.list() of 10,000: wall", lazy, "ms", 60)
    row("mesh.vm.list() of 10,000, each row as a dict: wall", dicts, "ms")


def rest_door(bench):
    """The REST door: lists and single machines over kept connections, events, and what it costs to stand there."""
    import http.client
    import threading
    env = bench.home("rest")
    bench.cm_run("sim", "up", "--servers=10000", env=env)
    try:
        bench.cm_run("vm", "list", "--refresh", "--cloud=all", env=env)
        bench.cm_run("server", "start", "--listen=127.0.0.1:0", env=env)
        status = json.loads(bench.cm_run("server", "status", "-o", "json", env=env).output)
        token = bench.cm_run("server", "token", "create", "bench", env=env).output.decode().strip()
        address, pid = status["url"].split("//")[1], status["process"]
        headers = {"Authorization": f"Bearer {token}"}

        def memory():
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024

        def cpu():
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        def ask(connection, path):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                sys.exit(f"{path}: {answer.status} {body[:200]}")
            return body

        row("REST: idle memory", memory(), "MB", 30, "nothing was asked yet")
        connection = http.client.HTTPConnection(address)
        ask(connection, "/v1/vm")
        walls = []
        for _ in range(21):
            begun = time.perf_counter()
            body = ask(connection, "/v1/vm")
            walls.append(time.perf_counter() - begun)
        if len(json.loads(body)["items"]) != 10_000:
            sys.exit("10000 machines were expected in the list")
        row("REST: list of 10000 as JSON", statistics.median(walls) * 1000, "ms", 30, "wall, with the client")
        name = json.loads(body)["items"][4999]["name"]
        for path, what in ((f"/v1/vm/{name}", "of 10000"), ("/v1/var", "of nothing")):
            busy, count, begun = cpu(), 0, time.perf_counter()
            while time.perf_counter() - begun < 3:
                ask(connection, path)
                count += 1
            spent = cpu() - busy
            row(f"REST: reads of one machine {what}" if "vm" in path else "REST: empty lists",
                count / spent if spent else 0, "/s", None, "for each second of the server's CPU; wanted: 5000")
        times = []
        stream = http.client.HTTPConnection(address)
        stream.request("GET", "/v1/events?kinds=variable", headers=headers)
        events = stream.getresponse()
        seen = threading.Event()

        def listen():
            for line in events:
                if line.startswith(b"event: variable"):
                    times.append(time.perf_counter())
                    seen.set()

        threading.Thread(target=listen, daemon=True).start()
        delays = []
        for number in range(11):
            seen.clear()
            bench.cm_run("var", "set", f"course=e{number}", env=env)
            ended = time.perf_counter()
            seen.wait(10)
            delays.append(times[-1] - ended)
        row("REST: a change at the prompt reaches a listener", max(delays) * 1000, "ms", 300, "the slowest of 11, after the command ended")
        before = cpu()
        time.sleep(10)
        row("REST: CPU with one listener, nothing happening", (cpu() - before) * 10, "%", 0.5)
    finally:
        bench.cm_run("server", "stop", env=env)
        bench.cm_run("sim", "down", env=env)


MEASUREMENTS = (start_up, cached_list, python_package, rest_door, many_clouds, real_cloud, real_cluster, build)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cm", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--real", action="store_true", help="the rigs were started by scripts/bench")
    parser.add_argument("--json", help="also write the rows to this file")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    try:
        for measurement in MEASUREMENTS:
            if arguments.only in measurement.__name__:
                measurement(bench)
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump([dict(zip(("name", "value", "limit", "holds", "note"), line)) for line in ROWS], file, indent=1)


main()

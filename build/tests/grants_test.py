#!/usr/bin/env python3
"""
What each server has is what the manifest says, and nothing else. The expected capabilities (type, rights, badge, whose)
and regions (size, access) are worked out here from the manifest alone, after manifest/SCHEMA.md; what there is, the
monitor lists from the kernel's tables. grants_test.py SKINK MANIFEST [OPTIONS OF skink run]
"""
import collections
import re
import struct
import subprocess
import sys

PAGE = 4096
LOG, STREAM, CONTROL = 16 << 10, 32 << 10, 8 << 10
# Bits of notifications and numbers of interfaces: sk/start.h, idl/.
BIT_LOG, BIT_STREAM, BIT_TIMER, BIT_PEER, BIT_REFUSED = 1, 2, 8, 16, 512
TIMERS, SCHED_CONTROL, OPERATOR, VM_EVENTS, DEVICE = 0x21, 0x22, 0x30, 0x31, 0x29
INTERFACES = {"sched": TIMERS, "console": 0x20, "vmm": 0x28, "blk_driver": 0x26, "netswitch": 0x27,
              "rng_driver": 0x2a, "pci": 0x2b}
ARCHIVE = object()  # a size that the manifest does not tell


class Node:
    def __init__(self, name):
        self.name, self.properties, self.nodes = name, {}, []

    def cells(self, name):
        value = self.properties.get(name, b"")
        return struct.unpack(f">{len(value) // 4}I", value)

    def number(self, name, default=0):
        return (self.cells(name) or (default,))[0]

    def strings(self, name):
        value = self.properties.get(name, b"").decode()
        return value.split("\0")[:-1]

    def child(self, name):
        return next((node for node in self.nodes if node.name == name), Node(name))

    def range(self, name):
        cells = self.cells(name)
        return [(cells[i] << 32 | cells[i + 1], cells[i + 2] << 32 | cells[i + 3]) for i in range(0, len(cells), 4)]


def read_tree(blob):
    """A flattened devicetree (Devicetree Specification 0.4, chapter 5), and its nodes by phandle."""
    at, names = struct.unpack(">II", blob[8:16])
    root, stack, by_phandle = Node(""), [], {}
    while True:
        token, at = struct.unpack(">I", blob[at:at + 4])[0], at + 4
        if token == 1:
            end = blob.index(b"\0", at)
            node = Node(blob[at:end].decode()) if stack else root
            if stack:
                stack[-1].nodes.append(node)
            stack.append(node)
            at = (end + 4) & ~3
        elif token == 2:
            stack.pop()
        elif token == 3:
            size, name = struct.unpack(">II", blob[at:at + 8])
            name = blob[names + name:blob.index(b"\0", names + name)].decode()
            stack[-1].properties[name] = blob[at + 8:at + 8 + size]
            if name == "phandle":
                by_phandle[stack[-1].number(name)] = stack[-1]
            at = (at + 8 + size + 3) & ~3
        elif token == 9:
            return root, by_phandle


class Expected:
    """{server: [(type, rights, badge, whose)]} and {server: {region: (bytes or None, access)}}."""

    def __init__(self, blob):
        self.root, self.by_phandle = read_tree(blob)
        self.servers = self.root.child("servers").nodes
        self.index = {node.name: i for i, node in enumerate(self.servers)}
        self.vms = self.root.child("vms").nodes
        self.cores = self.root.child("platform").number("cores")
        self.caps, self.regions = collections.defaultdict(list), collections.defaultdict(dict)
        for server in self.servers:
            self.add_server(server)
        for channel in self.root.child("channels").nodes:
            self.add_channel(channel)
        for i, vm in enumerate(self.vms):
            self.add_vm(i, vm)
        self.add_sched()

    def follow(self, node, name):
        return [self.by_phandle[phandle] for phandle in node.cells(name)]

    def workers(self, server):
        return server.cells("cores") or tuple(range(self.cores))

    def cap(self, server, kind, rights, badge, whose):
        self.caps[server.name].append((kind, rights, badge, whose))

    def region(self, server, name, size, access):
        self.regions[server.name][name] = (size, access)

    def endpoint(self, server, peer, interface, client):
        self.cap(server, "endpoint", "---c---", interface << 16 | client, f"endpoint {peer}")

    def add_server(self, server):
        me, operator, stream = self.index[server.name], "operator" in server.properties, self.streams(server) != 0
        self.cap(server, "notification", "---cl--", 0, f"notification {server.name}")
        for i in range(1, len(self.workers(server))):
            self.cap(server, "thread", "-w-----", 0, f"thread {server.name} {i}")
        self.cap(server, "notification", "---c---", BIT_LOG | (BIT_STREAM if stream else 0), "notification console")
        uses = self.follow(server, "uses")
        for peer in uses:
            self.endpoint(server, peer.name, INTERFACES.get(peer.strings("image")[0], DEVICE), me)
        by_name = [peer.name for peer in uses]
        if "sched" not in by_name and server.name != "sched":
            self.endpoint(server, "sched", TIMERS, me)
        if operator:
            self.endpoint(server, "supervisor", OPERATOR, me)
        if operator and "sched" in by_name:
            self.endpoint(server, "sched", SCHED_CONTROL, me)
        self.add_memory(server)
        self.add_hardware(server)
        if server.name == "console":
            self.region(server, "log:supervisor", LOG, "rw--")
            self.region(server, "control", CONTROL, "rw--")
        else:
            self.show_to_console(server)
        if any(self.follow(vm, "vmm") == [server] for vm in self.vms) or "archive" in server.properties:
            self.region(server, "archive", ARCHIVE, "r---")
            self.region(server, "manifest", ARCHIVE, "r---")
        elif operator or server.name == "console" or any("window" in device.properties
                                                         for device in self.follow(server, "devices")):
            self.region(server, "manifest", ARCHIVE, "r---")

    def add_memory(self, server):
        self.region(server, "heap", server.number("heap-kib", 64) << 10, "rw--")
        self.region(server, "log", LOG, "rw--")
        for name in ("persistent", "dma"):
            if f"{name}-kib" in server.properties:
                self.region(server, name, server.number(f"{name}-kib") << 10, "rw--")
        for i in range(self.streams(server)):
            self.region(server, f"stream{i or ''}", STREAM, "rw--")
        if "dma-kib" in server.properties:
            self.cap(server, "memory", "r------", 0, f"dma {server.name}")

    @staticmethod
    def streams(server):
        return server.number("streams", 1 if "stream" in server.properties else 0)

    def show_to_console(self, server):
        console = self.servers[self.index["console"]]
        self.region(console, f"log:{server.name}", LOG, "rw--")
        for i in range(self.streams(server)):
            self.region(console, f"tty{i}:{server.name}" if i else f"stream:{server.name}", STREAM, "rw--")
        if self.streams(server) != 0:
            self.cap(console, "notification", "---c---", BIT_STREAM, f"notification {server.name}")

    def add_hardware(self, server):
        names = server.strings("device-names")
        for i, device in enumerate(self.follow(server, "devices")):
            name = names[i] if i < len(names) else device.name.split("@")[0]
            self.region(server, name, device.range("reg")[0][1], "rw-d")
            for line in device.cells("interrupts"):
                self.cap(server, "interrupt", "-w-----", 0, f"interrupt {line}")

    def add_channel(self, channel):
        members, names = self.follow(channel, "between"), channel.strings("names")
        for i, member in enumerate(members):
            self.region(member, names[i] if names else channel.name, channel.number("kib") << 10, "rw--")
            for j, peer in enumerate(members):
                if i != j:
                    self.cap(member, "notification", "---c---", BIT_PEER, f"notification {peer.name}")

    def add_vm(self, number, vm):
        pool = vm.range("bounce-pool")
        vmm, ranges = self.follow(vm, "vmm")[0], vm.range("memory") + pool
        for i, (_, size) in enumerate(ranges):
            self.region(vmm, f"ram{i or ''}", size, "rw--")
            self.cap(vmm, "memory", "-w-----", 0, f"ram {vm.name} {i}")
        self.region(vmm, "lines", 2 * PAGE, "rw--")
        for i in range(vm.number("vcpus", 1)):
            self.region(vmm, f"vcpu{i}", PAGE, "rw--")
            self.cap(vmm, "vcpu", "rw-----", 0, f"vcpu {vm.name} {i}")
        self.cap(vmm, "space", "-w-----", 0, f"vm {vm.name}")
        self.endpoint(vmm, "supervisor", VM_EVENTS, number)
        for device in vm.nodes:
            server = self.follow(device, "device")[0]
            self.endpoint(vmm, server.name, DEVICE, 0)
            if "interrupts" in device.properties:
                self.cap(server, "virq", "---c---", 0, f"line {vm.name} {device.number('interrupts')}")
            bounces = "bounce-memory" in device.properties
            for i, (base, size) in enumerate(ranges):
                if bounces and i < len(ranges) - len(pool):
                    continue
                if bounces or "guest-memory" in device.properties:
                    self.region(server, f"{'pool' if bounces else 'memory'}@{base:x}", size, "rw--")
                for driver in self.follow(device, "dma-by"):
                    self.cap(driver, "memory", "r------", 0, f"ram {vm.name} {i}")

    def add_sched(self):
        sched = self.servers[self.index["sched"]]
        self.region(sched, "tasks", 4 * PAGE, "r---")
        self.region(sched, "timers", 2 * PAGE, "rw--")
        for core in range(self.cores):
            self.cap(sched, "core", "rw-----", 0, f"core {core}")
        self.cap(sched, "notification", "---c---", BIT_TIMER | BIT_REFUSED, "notification supervisor")
        self.cap(sched, "thread", "r------", 0, "thread supervisor 0")
        self.cap(sched, "thread", "r------", 0, "thread supervisor 1")
        for server in self.servers:
            self.cap(sched, "notification", "---c---", BIT_TIMER, f"notification {server.name}")
            for i in range(len(self.workers(server))):
                self.cap(sched, "thread", "r------", 0, f"thread {server.name} {i}")
        for vm in self.vms:
            for i in range(vm.number("vcpus", 1)):
                self.cap(sched, "vcpu", "rw-----", 0, f"vcpu {vm.name} {i}")


def listings(log, servers):
    """What the monitor has listed: {server: capabilities}, {server: regions}. It was asked for each server in turn."""
    lines = [line[len("[monitor] "):] for line in log.split("\n") if line.startswith("[monitor] ")]
    caps, regions, which = [], [], None
    for line in lines:
        words = line.replace("skink>", "").split()
        if words[:2] == ["slot", "type"]:
            caps.append([])
            which = caps[-1]
        elif words[:2] == ["region", "address"]:
            regions.append({})
            which = regions[-1]
        elif isinstance(which, list) and len(words) == 6:
            which.append((words[1], words[2], int(words[3], 16), int(words[4])))
        elif isinstance(which, dict) and len(words) == 6:
            which[words[0]] = (int(words[2]), words[3], words[5])
    return dict(zip(servers, caps)), dict(zip(servers, regions))


def name_objects(expected, actual):
    """Whose each kernel object is, as far as only one capability can be meant."""
    names, changed = {}, True
    while changed:
        changed = False
        for server, caps in expected.items():
            known = set(names.values())
            wanted, there = collections.defaultdict(set), collections.defaultdict(set)
            for kind, rights, badge, whose in caps:
                if whose not in known:
                    wanted[kind, rights, badge].add(whose)
            for kind, rights, badge, number in actual.get(server, []):
                if number not in names:
                    there[kind, rights, badge].add(number)
            for key, whose in wanted.items():
                if len(whose) == 1 and len(there[key]) == 1:
                    number = there[key].pop()
                    changed = changed or number not in names
                    names.setdefault(number, next(iter(whose)))
    return names


def cap_problems(expected, actual):
    names, problems = name_objects(expected, actual), []
    known = set(names.values())
    for server, caps in expected.items():
        # An object that several capabilities could mean is only counted.
        wanted = collections.Counter((*cap[:3], cap[3] if cap[3] in known else "?") for cap in caps)
        there = collections.Counter((*cap[:3], names.get(cap[3], "?")) for cap in actual.get(server, []))
        problems += [f"{server} has without need: {cap}" for cap in (there - wanted).elements()]
        problems += [f"{server} lacks: {cap}" for cap in (wanted - there).elements()]
    return problems


def region_problems(expected, actual):
    problems = []
    for server, regions in expected.items():
        there = actual.get(server, {})
        problems += [f"{server} has without need the region {name}" for name in there if name not in regions]
        for name, (size, access) in regions.items():
            if name not in there:
                problems.append(f"{server} lacks the region {name}")
            elif (size is not ARCHIVE and there[name][0] != size) or there[name][1] != access:
                problems.append(f"{server}: {name} is {there[name]}, expected {size} bytes, {access}")
            elif size is not ARCHIVE and there[name][2] != "nothing":
                problems.append(f"{server}: something is mapped beside {name}")
    return problems


def main():
    skink, manifest, *more = sys.argv[1:]
    blob = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", manifest], capture_output=True, check=True).stdout
    expected = Expected(blob)
    servers = [server.name for server in expected.servers]
    asked = [word for server in servers for word in ("--monitor", f"caps {server}", "--monitor", f"regions {server}")]
    command = [skink, "run", "--batch", "--timeout", "100", manifest, "--append", "console=ttyAMA0 quiet", "--run",
               "echo now; sleep 10", "--when", "now", *asked, *more]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    log = run.stderr.decode(errors="replace").replace("\r", "")
    caps, regions = listings(log, servers)
    problems = [f"exit status {run.returncode}"] if run.returncode != 0 else []
    problems += cap_problems(expected.caps, caps) + region_problems(expected.regions, regions)
    if problems:
        print("--- log\n" + log[-6000:] + "\n--- problems\n" + "\n".join(problems))
        print("--- command\n" + " ".join(command))
        return 1
    print(f"{len(servers)} servers: {sum(map(len, caps.values()))} capabilities, {sum(map(len, regions.values()))} "
          "regions, each by the manifest")
    return 0


if __name__ == "__main__":
    sys.exit(main())

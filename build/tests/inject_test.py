#!/usr/bin/env python3
"""
Campaigns of faults on the machine: inject_test.py SKINK MANIFESTS [long|kills]

A seed is a campaign: a shard and a replayed boot, merged, are byte for byte what the whole was. Whatever is done to
servers, the kernel stands; who is killed or hangs comes back, and the guest's load verifies. And the load verifies
indeed: it notices a disk that has what it did not write. kills: each server a thousand times, and the guest never
notices.
"""
import collections
import csv
import filecmp
import os
import subprocess
import sys
import tempfile

SKINK = os.path.abspath(sys.argv[1])
MANIFESTS = sys.argv[2]
EXTENT = sys.argv[3] if len(sys.argv) > 3 else "short"
KILLS, KILLS_EACH = 21000, 1000 # servers are drawn evenly: the rarest of 19 dies about 1,040 times
OUTCOMES = ["not_injected", "no_effect", "masked", "recovered", "degraded", "guest_visible", "vm_lost", "cross_domain",
            "kernel"]
problems = []


def inject(folder, *options):
    command = [SKINK, "inject", "--timeout", "60", "--out", folder, *options]
    run = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    print(" ".join(options), "->", run.returncode, run.stdout.decode().splitlines()[:1], run.stderr.decode()[-2000:])
    return run.returncode


def rows(folder):
    with open(os.path.join(folder, "faults.csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expect(what, fine):
    if not fine:
        problems.append(what)


def everything(root):
    whole, shard, replay, merged = (os.path.join(root, name) for name in ("whole", "shard", "replay", "merged"))
    status = inject(whole, "--faults", "24", "--per-boot", "12", "--seed", "7")
    found = rows(whole)
    expect(f"exit status {status}", status in (0, 4))
    expect("24 faults", len(found) == 24)
    expect("outcomes", all(row["outcome"] in OUTCOMES for row in found))
    expect("the exit status is the worst outcome's",
           (status == 0) == all(OUTCOMES.index(row["outcome"]) <= OUTCOMES.index("degraded") for row in found))
    for row in found:
        if OUTCOMES.index(row["outcome"]) > OUTCOMES.index("degraded"):
            path = os.path.join(whole, "failures", f"{int(row['boot']):08}-{int(row['fault']):02}.txt")
            expect(f"{path} has a replay", os.path.exists(path) and " --boot " in open(path, encoding="utf-8").read())
    inject(shard, "--faults", "24", "--per-boot", "12", "--seed", "7", "--shard", "1/2")
    inject(replay, "--per-boot", "12", "--seed", "7", "--boot", "2")
    expect("the merge's status is the whole's", inject(merged, "--merge", replay, "--merge", shard) == status)
    expect("the same seed gives the same table",
           filecmp.cmp(os.path.join(whole, "faults.csv"), os.path.join(merged, "faults.csv"), shallow=False))
    return found


def who_dies_comes_back(root):
    folder = os.path.join(root, "deaths")
    status = inject(folder, "--faults", "12", "--seed", "3", "--types", "kill,hang")
    found = rows(folder)
    expect("kills and hangs are survived", status == 0)
    for row in found:
        expect(f"{row['type']} of {row['target']}: {row['outcome']} {row['detail']}",
               row["outcome"] in ("recovered", "degraded", "not_injected"))
    return found


def standbys_and_pci(root):
    """Damage that waits takes over, and is found then; the server of the PCI bus and its driver are targets too."""
    folder = os.path.join(root, "standbys")
    status = inject(folder, "--faults", "12", "--seed", "4", "--types", "standby")
    found = rows(folder)
    expect("a damaged standby is survived", status == 0)
    expect("standbys took over", len([row for row in found if row["reason"] == "killed"]) >= 10)
    folder = os.path.join(root, "pci")
    expect("PCI's servers are survived",
           inject(folder, "--faults", "6", "--seed", "4", "--types", "kill,hang", "--targets", "pci0,net1") == 0)
    pci = rows(folder)
    expect("PCI's servers die", {row["target"] for row in pci if row["outcome"] == "recovered"} == {"pci0", "net1"})
    return found + pci


def linux(root):
    folder = os.path.join(root, "linux")
    expect("a kill under Linux is survived", inject(folder, "--faults", "4", "--load", "linux", "--types", "kill") == 0)
    return rows(folder)


def load_on(root, content):
    """What the guest program says when nobody disturbs it."""
    disk = os.path.join(root, "disk.img")
    with open(disk, "wb") as file:
        file.write(content * (1 << 18))
    run = subprocess.run([SKINK, "run", "--batch", "--icount", "--timeout", "60", "--net", "hub", "--disk", disk,
                          "--append", "blk net entropy lines hostile until-ms=200",
                          os.path.join(MANIFESTS, "campaign.dts")],
                         capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return run.stdout.decode()


def the_load_notices(root):
    said = load_on(root, b"\0")
    expect("the load is content", "load ends " in said and "wrong" not in said and "lost" not in said)
    expect("a run repeats exactly", said == load_on(root, b"\0"))
    expect("the load notices what it did not write", "wrong disk block" in load_on(root, b"x"))


def large(root):
    """Nothing worse than what belongs to the target itself."""
    folder = os.path.join(root, "large")
    inject(folder, "--faults", "1600", "--seed", "23")
    found = rows(folder)
    expect("no kernel panics, nobody else is hit",
           not [row for row in found if row["outcome"] in ("kernel", "cross_domain")])
    kills = os.path.join(root, "kills")
    expect("kills are survived", inject(kills, "--faults", "800", "--seed", "5", "--types", "kill") == 0)
    return found + rows(kills)


def each_server_dies(root):
    folder = os.path.join(root, "each")
    status = inject(folder, "--faults", str(KILLS), "--seed", "1", "--types", "kill")
    found = rows(folder)
    deaths = collections.Counter(row["target"] for row in found if row["outcome"] == "recovered")
    print(dict(deaths))
    expect("no guest notices", status == 0 and sum(deaths.values()) == KILLS)
    expect("each server dies often enough", min(deaths.values()) >= KILLS_EACH)
    return found


def main():
    with tempfile.TemporaryDirectory() as root:
        if EXTENT == "long":
            found = large(root)
        elif EXTENT == "kills":
            found = each_server_dies(root)
        else:
            the_load_notices(root)
            found = everything(root) + who_dies_comes_back(root) + standbys_and_pci(root) + linux(root)
    print(dict(collections.Counter(row["outcome"] for row in found)))
    for problem in problems:
        print("not so:", problem)
    return 1 if problems else 0


sys.exit(main())

#!/usr/bin/env python3
"""
The figures on the machine: each within what it must reach or, where that is open, no worse; and the same in a
second run. bench_gate.py SKINK
"""
import json
import subprocess
import sys


# Figures that do not reach their target yet, and what they must not exceed meanwhile. The table calls each "MISSED".
OPEN = {}

# Figures of the system with a disk, whose answers come when the host has them: who is asleep then is not the same each
# time.
DISK = ("blk_read", "blk_read_linux", "blk_read_linux_asleep", "blk_read_32", "blk_notifications",
        "blk_notifications_1", "restart_virtio_blk",
        "restart_blk_driver", "loss_blk", "rng_read", "restart_virtio_rng", "restart_virtio_console")


def repeatable(rows):
    return [row for row in rows if row["name"] not in DISK]


def measure(skink):
    run = subprocess.run([skink, "bench", "--json"], capture_output=True, text=True, check=False)
    if run.returncode > 1:
        sys.exit(run.stderr + f"\nskink bench ended with status {run.returncode}")
    return run.returncode, json.loads(run.stdout)


def main():
    status, first = measure(sys.argv[1])
    _, second = measure(sys.argv[1])
    problems = []
    missed = False
    for row in first:
        print("{name:24} {min:>10} {median:>10} {max:>10}  {target}".format(**row))
        if row["target"] is None or row["median"] <= row["target"]:
            if row["name"] in OPEN:
                problems.append(f"{row['name']} reaches its target now: take it off the list of open figures")
            continue
        missed = True
        if row["median"] > OPEN.get(row["name"], row["target"]):
            problems.append(f"{row['name']} is {row['median']} {row['unit']}, must reach {row['target']}")
    if status != (1 if missed else 0):
        problems.append(f"exit status {status} says something else, or a figure is missing")
    problems += [f"not the same again: {a} then {b}" for a, b in zip(repeatable(first), repeatable(second))
                 if a != b]
    print("\n".join(problems) if problems else "every figure but the open ones is within what it must reach, twice the same")
    return 1 if problems or len(first) != len(second) else 0


sys.exit(main())

#!/usr/bin/env python3
"""
The same guest programs on Skink, on the bare machine and under KVM: each has a figure for what all of them can do, and an
access to a device, which KVM brings to its VMM's process, costs more there. bench_peer.py SKINK
"""
import json
import subprocess
import sys

EXITS = ("hvc_roundtrip", "mmio_read_roundtrip", "idreg_read", "sgi_self", "timer_lateness")
WORK = ("linux_loop", "linux_getppid", "linux_pipe", "linux_fork", "linux_pages")


def main():
    run = subprocess.run([sys.argv[1], "bench", "--peer", "kvm", "--only", "exits,work", "--json"], capture_output=True,
                         text=True, check=False)
    if run.returncode > 1:
        sys.exit(run.stderr + f"\nskink bench ended with status {run.returncode}")
    rows = {row["name"]: row for row in json.loads(run.stdout)}
    for name in EXITS + WORK:
        print("{name:24} {median:>10} bare {bare:>10} kvm {kvm:>10}".format(**rows[name]))
    wrong = [name for name in EXITS if not rows[name]["bare"] < rows[name]["median"] < rows[name]["kvm"]]
    wrong += [name for name in WORK if not 0.9 < rows[name]["kvm"] / rows[name]["bare"] < 2]
    print("not as expected: " + ", ".join(wrong) if wrong else "all as expected")
    return 1 if wrong else 0


sys.exit(main())

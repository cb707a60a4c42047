#!/usr/bin/env python3
"""
A path that was made slower is found: the server that answers the calls of ipc_roundtrip has eight instructions too many
(bench_echo_slow), 3 % of a round trip. bench_slowed.py SKINK BASELINE
"""
import os
import re
import subprocess
import sys
import tempfile


def bench(skink, baseline, *arguments):
    run = subprocess.run([skink, "bench", "--only", "ipc", "--baseline", baseline, *arguments], capture_output=True,
                         text=True, check=False)
    print(run.stderr)
    return run.returncode, run.stderr


def main():
    skink, baseline = sys.argv[1:]
    slow = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(skink))), "aarch64/images/bench_echo_slow")
    as_it_is = bench(skink, baseline)
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(slow, os.path.join(folder, "bench_echo"))
        code, told = bench(skink, baseline, "--images", folder)
    found = re.search(r"ipc_roundtrip is worse by (\d+\.\d) %: now \d+, baseline \d+ instructions", told)
    good = as_it_is == (0, "") and code == 1 and found is not None and 2 < float(found.group(1)) < 5
    print("it was found, and nothing without it" if good else "it was not found, or something else was")
    return 0 if good else 1


sys.exit(main())

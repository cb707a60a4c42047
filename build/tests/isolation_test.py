#!/usr/bin/env python3
"""
The intruder (servers/supervisor/tests/intruder) beside a Linux guest that writes to its disk: it gets nothing but what
the manifest grants it, each of its attempts that must end it is in the supervisor's log as what it was, and nobody else
notices. isolation_test.py SKINK MANIFEST IMAGE [OPTIONS OF skink run]
"""
import re
import subprocess
import sys
import tempfile

import disk_test

ROUNDS = 10
CLASSES = 15
# What the supervisor must say of an attempt, and where in what it says the attempt's address is.
REASONS = {"load": ("memory fault", "address"), "store": ("memory fault", "address"), "fetch": ("memory fault", "pc"),
           "execute": ("illegal instruction|bad system call|fault", "pc"), "timer": ("illegal instruction", "pc")}


def attempts_of(log):
    found = re.findall(r"^\[intruder\] (load|store|fetch|execute|timer) 0x([0-9a-f]+)$", log, re.M)
    return [(kind, int(address, 16)) for kind, address in found]


def crashes_of(log):
    found = re.findall(r"^\[supervisor\] server (\S+): (.+?) at 0x([0-9a-f]+)(?: \(address 0x([0-9a-f]+)\))?, crash",
                       log, re.M)
    return [(name, reason, int(pc, 16), int(address or "0", 16)) for name, reason, pc, address in found]


def fault_problems(log):
    """Each attempt has its crash, in this order, and there is no other crash."""
    attempts, crashes = attempts_of(log), crashes_of(log)
    problems = [f"{name} crashed: {reason}" for name, reason, _, _ in crashes if name != "intruder"]
    if len(attempts) != len(crashes):
        problems.append(f"{len(attempts)} attempts, {len(crashes)} crashes")
    for (kind, subject), (_, reason, pc, address) in zip(attempts, crashes):
        expected, where = REASONS[kind]
        if reason == "bad system call":
            pc -= 4  # a call that there isn't is told with where it would have returned
        if not re.fullmatch(expected, reason) or subject != {"pc": pc, "address": address}[where]:
            problems.append(f"{kind} of {subject:#x} ended as {reason} at {pc:#x}, address {address:#x}")
    return problems[:20]


def account_problems(log):
    problems = re.findall(r"^\[intruder\] (?:breach|not ok).*", log, re.M)[:20]
    said = re.findall(r"^\[intruder\] ok (\d+) - .*: (\d+) of \2$", log, re.M)
    if [int(number) for number, _ in said] != list(range(1, CLASSES + 1)):
        problems.append(f"of {CLASSES} classes of attempts these held: {said}")
    total = re.search(rf"^\[intruder\] intruder: {CLASSES} passed, 0 failed, (\d+) instances ended$", log, re.M)
    if not total or int(total.group(1)) != len(attempts_of(log)):
        problems.append("the intruder's account is missing, or not the log's")
    if not re.search(r"^\[uart1\] 8 passed, 0 failed$", log, re.M):
        problems.append("the intruder's own guest has noticed")
    return problems


def server_problems(log):
    """By the monitor: everybody else is the first instance still."""
    rows = re.findall(r"^\[monitor\] (\S+) +\S+ +(running|failed|exited|waiting|stopped) +(\d+) +(\d+) ", log, re.M)
    problems = [] if rows else ["the monitor has listed no servers"]
    return problems + [f"{row}" for row in rows if row[0] != "intruder" and row[1:] != ("running", "0", "0")]


def main():
    skink, manifest, image, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        disk = disk_test.Disk(folder, image, False)
        command = [skink, "run", "--batch", "--timeout", "200", manifest, "--disk", disk.path, "--append",
                   "console=ttyAMA0 quiet", "--run", f"sh /skink/tests/disk.sh {ROUNDS}",
                   "--when", f"round {ROUNDS}\r", "--monitor", "servers", *more]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        log = run.stderr.decode(errors="replace").replace("\r", "")
        problems = disk.problems(run, ROUNDS, []) + fault_problems(log) + account_problems(log) + server_problems(log)
    if "KERNEL PANIC" in log:
        problems.append("the kernel panicked")
    if problems:
        for name, text in (("console", run.stdout.decode(errors="replace")), ("log", log)):
            print(f"--- {name}\n{text[-disk_test.KEPT:]}")
        print("--- problems\n" + "\n".join(problems) + "\n--- command\n" + " ".join(command))
        return 1
    print(f"{len(attempts_of(log))} instances ended, each where it should; the disk is clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Both commands in a clean clone, as somebody would run them who has just got the sources; only what was fetched from
the network before is kept. clone_test.py SOURCES FOLDER"""
import os
import shutil
import subprocess
import sys
import time

SOURCES, FOLDER = (os.path.abspath(path) for path in sys.argv[1:])
CLONE = os.path.join(FOLDER, "clone")
FETCHED = ("cache", "sources")
READY_SECONDS = 10  # from build/run to the end of a run, once everything is built
TRIES = 3           # the machine may be busy with something else


def run(*command):
    start = time.monotonic()
    result = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    seconds = time.monotonic() - start
    print(f"{' '.join(command)}: status {result.returncode}, {seconds:.1f} s")
    if result.returncode != 0:
        sys.exit(f"{result.stdout[-4000:]}\n{result.stderr[-4000:]}")
    return result.stdout, seconds


def expect(condition, what, text):
    if not condition:
        sys.exit(f"{what}; got\n{text[-4000:]}")


def four_busy_cpus(text):
    """Each of four CPUs has a column, and took interrupts of its timer."""
    lines = text.splitlines()
    timers = [line.split()[1:5] for line in lines if "arch_timer" in line]
    return any(line.split() == ["CPU0", "CPU1", "CPU2", "CPU3"] for line in lines) and any(
        len(counts) == 4 and all(count.isdigit() and int(count) > 0 for count in counts) for counts in timers)


def main():
    shutil.rmtree(CLONE, ignore_errors=True)
    if os.path.exists(os.path.join(SOURCES, ".git")):
        subprocess.run(["git", "clone", "--quiet", SOURCES, CLONE], check=True)
    else:  # unpacked from an archive: as good as a clone once it has a history
        shutil.copytree(SOURCES, CLONE, symlinks=True, ignore=lambda folder, _: ["out"] if folder == SOURCES else [])
        commit = ("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", "as unpacked")
        for command in (("init", "--quiet"), ("add", "-A"), commit):
            subprocess.run(["git", *command], cwd=CLONE, check=True)
    for name in FETCHED:
        kept = os.path.join(SOURCES, "out", name)
        if os.path.isdir(kept):
            shutil.copytree(kept, os.path.join(CLONE, "out", name), copy_function=os.link, symlinks=True)
    out, _ = run("build/run", "--batch", "--vcpus", "4", "--run", "cat /proc/interrupts")
    expect(four_busy_cpus(out), "build/run: expected interrupts on four CPUs", out)
    quickest = min(run("build/run", "--batch", "--run", "true")[1] for _ in range(TRIES))
    expect(quickest <= READY_SECONDS, f"build/run: expected at most {READY_SECONDS} s once built", f"{quickest:.1f} s")
    out, _ = run("build/test", "-R", "^kernel_string$")
    expect(out.rstrip().endswith("\n1 passed, 0 failed"), "build/test: expected a summary of one test", out)
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=CLONE, capture_output=True, text=True, check=True)
    expect(changed.stdout == "", "the build left files outside out/", changed.stdout)
    shutil.rmtree(CLONE)


main()

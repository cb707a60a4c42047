#!/usr/bin/env python3
"""
A guest writes to its disk while drivers and device servers are killed; afterwards the host looks at the disk.

  disk_test.py SKINK MANIFEST IMAGE [--rounds N] [--kill SERVER …] [--partition] [OPTIONS OF skink run]

IMAGE is copied; with --partition, into the partition "data" of a disk that has others around it, which must not change.
`--kill` names servers that are killed in turn, one in each round but the first. The guest's own test
(/skink/tests/disk.sh) must pass; e2fsck must find nothing to mend; every file that the guest wrote must be in the image
with the checksum that the guest told.
"""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import gpt_image

KEPT = 6000
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"  # e2fsprogs, which is not in everybody's path


def tool(*command):
    return subprocess.run(command, capture_output=True, check=False, env=dict(os.environ, PATH=PATH))


def monitor(kill, rounds):
    options = []
    for i in range(2, rounds + 1 if kill else 2):
        options += ["--when", f"round {i}\r", "--monitor", f"kill {kill[i % len(kill)]}"]
    return options


def on_disk(image):
    """{name: checksum} of what the guest wrote, and what it said about that."""
    said = tool("debugfs", "-R", "cat /written/SHA256SUMS", image).stdout.decode()
    expected = dict(reversed(line.split()) for line in said.splitlines())
    found = {}
    for name in expected:
        found[name] = hashlib.sha256(tool("debugfs", "-R", f"cat /written/{name}", image).stdout).hexdigest()
    return expected, found


def problems_of(image, run, rounds, kill):
    console = run.stdout.decode(errors="replace").replace("\r", "")
    problems = [f"exit status {run.returncode}"] if run.returncode != 0 else []
    if not re.search(r"^[1-9]\d* passed, 0 failed$", console, re.M) or re.search(r"^not ok", console, re.M):
        problems.append("the guest's test did not pass")
    killed = len(re.findall(r"killed by the operator", run.stderr.decode(errors="replace")))
    if kill and killed != rounds - 1:
        problems.append(f"{killed} servers were killed, expected {rounds - 1}")
    check = tool("e2fsck", "-f", "-n", image)
    if check.returncode != 0:
        problems.append("e2fsck: " + check.stdout.decode() + check.stderr.decode())
    expected, found = on_disk(image)
    if len(expected) != 2 * rounds:
        problems.append(f"the guest told of {len(expected)} files, expected {2 * rounds}")
    problems += [f"{name} is not what the guest wrote" for name in expected if expected[name] != found[name]]
    return problems


def read(path, offset=0, size=-1):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


class Disk:
    """The file that becomes the machine's disk, and the image in it."""

    def __init__(self, folder, image, partition):
        self.path, self.image = os.path.join(folder, "disk"), os.path.join(folder, "image")
        self.places = None
        if not partition:
            shutil.copyfile(image, self.path)
            return
        self.around = os.urandom(1 << 20)
        self.places = gpt_image.write(self.path, [("before", self.around), ("data", read(image)),
                                                  ("after", self.around)])

    def problems(self, run, rounds, kill):
        if self.places is None:
            return problems_of(self.path, run, rounds, kill)
        with open(self.image, "wb") as file:
            file.write(read(self.path, *self.places["data"]))
        problems = problems_of(self.image, run, rounds, kill)
        problems += [f"partition {name} has changed" for name in ("before", "after")
                     if read(self.path, *self.places[name]) != self.around]
        return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("skink")
    parser.add_argument("manifest")
    parser.add_argument("image")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--kill", nargs="*", default=[])
    parser.add_argument("--partition", action="store_true")
    given, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder, given.image, given.partition)
        command = [given.skink, "run", "--batch", "--timeout", "240", given.manifest, "--disk", disk.path, "--append",
                   "console=ttyAMA0 quiet", "--run", f"sh /skink/tests/disk.sh {given.rounds}",
                   *monitor(given.kill, given.rounds), *more]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        problems = disk.problems(run, given.rounds, given.kill)
    if problems:
        for name, text in (("console", run.stdout), ("log", run.stderr)):
            print(f"--- {name}\n{text.decode(errors='replace')[-KEPT:]}")
        print("--- problems\n" + "\n".join(problems) + "\n--- command\n" + " ".join(command))
        return 1
    print(f"{given.rounds} rounds, {given.rounds - 1 if given.kill else 0} kills, the disk is clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""skink check on wrong manifests: each line of bad/*.dts says in a comment what must be told about it.

check_test.py SKINK BAD_FOLDER

"/* ERROR: text */" on a line: an error at exactly that line whose message holds the text (several may follow each
other); WARNING likewise. Nothing else may be told, and the exit status is 2 (0 if there are only warnings).
"""
import os
import re
import subprocess
import sys


def expected(path):
    found = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            for comment in re.findall(r"/\*(.*?)\*/", line):
                for kind, text in re.findall(r"(ERROR|WARNING): (.*?)(?= ERROR: | WARNING: |$)", comment.strip()):
                    found.append((number, kind.lower(), text.strip()))
    return found


def check(skink, path):
    run = subprocess.run([skink, "check", "--no-images", path], capture_output=True, text=True, timeout=60)
    wanted = expected(path)
    problems = []
    for line in run.stderr.splitlines():
        if line.startswith("skink: "):
            continue
        match = re.match(r"(.*?):(\d+): (error|warning): (.*)", line)
        if not match or os.path.realpath(match[1]) != os.path.realpath(path):
            problems.append("told without its place: " + line)
            continue
        told = (int(match[2]), match[3])
        hit = next((w for w in wanted if (w[0], w[1]) == told and w[2] in match[4]), None)
        if hit is None:
            problems.append("not expected: " + line)
        else:
            wanted.remove(hit)
    problems += [f"not told: line {number}: {kind}: {text}" for number, kind, text in wanted]
    status = 2 if any(kind == "error" for _, kind, _ in expected(path)) else 0
    if run.returncode != status:
        problems.append(f"exit status {run.returncode}, expected {status}: {run.stderr}")
    return problems


def main():
    skink, folder = sys.argv[1:]
    failed = 0
    files = sorted(name for name in os.listdir(folder) if name.endswith(".dts"))
    assert len(files) > 10
    for name in files:
        problems = check(skink, os.path.join(folder, name))
        print(("ok " if not problems else "FAILED ") + name)
        for problem in problems:
            print("    " + problem)
        failed += bool(problems)
    return 1 if failed else 0


sys.exit(main())

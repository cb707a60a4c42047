#!/usr/bin/env python3
"""Runs one test that add_target_test (build/cmake/target_test.cmake) wrote down. target_test.py SKINK FILE"""
import re
import subprocess
import sys

KEPT = 6000  # characters of each output that a failure shows


def read(path):
    test = {"ARGS": [], "EXPECT": [], "LOG": [], "REJECT": []}
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind, value = line.rstrip("\n").split(" ", 1)
            if kind in test:
                test[kind].append(value)
            else:
                assert kind in ("MANIFEST", "STATUS", "SECONDS"), line
                test[kind] = value
    return test


def in_order(patterns, text, where):
    problems, at = [], 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(text, at)
        if found:
            at = found.end()
        else:
            problems.append(f"not found on {where}, or not in this order: {pattern}")
    return problems


def clean(raw):
    return raw.decode("utf-8", errors="replace").replace("\r", "")


def main():
    skink, path = sys.argv[1:]
    test = read(path)
    command = [skink, "run", "--batch", "--timeout", test["SECONDS"], test["MANIFEST"], *test["ARGS"]]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    console, log = clean(run.stdout), clean(run.stderr)
    problems = in_order(test["EXPECT"], console, "the console") + in_order(test["LOG"], log, "the log")
    if run.returncode != int(test["STATUS"]):
        problems.append(f"exit status {run.returncode}, expected {test['STATUS']}")
    problems += [f"found: {pattern}" for pattern in test["REJECT"] if re.search(pattern, console + log, re.M)]
    if problems:
        for name, text in (("console", console), ("log", log)):
            print(f"--- {name} ({len(text)} characters)\n{text[-KEPT:]}")
        print("--- problems\n" + "\n".join(problems) + "\n--- command\n" + " ".join(command))
        return 1
    print(f"{len(test['EXPECT']) + len(test['LOG'])} texts found, exit status {run.returncode}")
    return 0


sys.exit(main())

#!/usr/bin/env python3
"""
`build/tests/run`, on folders of tests made for it: run_test.py PROGRAM

What passes at the second try is told so; what fails twice, what boots no machine, what can't run at all and what fails
in numbers has failed, whoever else was only unsteady.
"""
import os
import subprocess
import sys
import tempfile

RUN = os.path.abspath(sys.argv[1])
PASSES, FAILS, ONCE = "true", "false", 'sh "-c" "test -e {file} || { touch {file}; exit 1; }"'
problems = []


def expect(what, tests, status, *lines):
    """`tests`: name, command, label. The last of `lines` is the output's last one, each other is in it."""
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "CTestTestfile.cmake"), "w", encoding="utf-8") as file:
            for name, command, label in tests:
                file.write(f'add_test({name} {command.replace("{file}", os.path.join(root, name))})\n'
                           f'set_tests_properties({name} PROPERTIES LABELS "{label}")\n')
        run = subprocess.run([RUN, root], capture_output=True, text=True, check=False)
        kept = os.path.exists(os.path.join(root, "Testing/Temporary/LastTest.log.first"))
    got = run.stdout.rstrip().split("\n")
    if run.returncode != status or got[-1] != lines[-1] or not all(any(line in one for one in got) for line in lines):
        problems.append(f"{what}: status {run.returncode}, expected {status}, and {lines}; got\n{run.stdout}{run.stderr}")
    if any("unsteady" in line for line in lines) != (kept and status == 0):
        if status == 0:
            problems.append(f"{what}: the first try's output is {'' if kept else 'not '}kept")


expect("all pass", [("a", PASSES, "target;"), ("b", PASSES, "")], 0, "2 passed, 0 failed")
expect("one is unsteady", [("a", ONCE, "target;"), ("b", PASSES, "")], 0, "unsteady, passed at the second try: a (",
       "2 passed, 0 failed")
expect("one fails twice", [("a", ONCE, "target;"), ("b.c+", FAILS, "target;")], 1,
       "unsteady, passed at the second try: a (", "failed: b.c+", "1 passed, 1 failed")
expect("no machine", [("a", ONCE, "host")], 1, "failed: a", "0 passed, 1 failed")
expect("a label like it", [("a", ONCE, "targets")], 1, "failed: a", "0 passed, 1 failed")
expect("no program", [("a", ONCE, "target;"), ("b", "/nonesuch/program", "target;")], 1, "failed: b", "1 passed, 1 failed")
expect("skipped", [("a", PASSES, "target;"), ("b", 'sh "-c" "exit 77"', 'target" SKIP_RETURN_CODE "77')], 0, "1 skipped",
       "1 passed, 0 failed")
expect("many", [(name, ONCE, "target;") for name in "abcd"], 1, "failed: a b c d", "0 passed, 4 failed")
expect("none", [], 1, "0 passed, 0 failed")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)

#!/usr/bin/env python3
"""Does build/lint find what is wrong? lint_test.py SOURCES BUILD TOOL

In a copy of the sources, with a mistake that the tool is for put into a file of the kernel; and with a record of
deviations that has a line too few."""
import os
import shutil
import subprocess
import sys
import tempfile

from seeded import change, expect

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
TOOL = sys.argv[3]
RECORD = "build/instruments/deviations.txt"
WAIT = "	thread->waits_for = notification;\n"
TAKE = "	struct context *nobody = NULL;\n"
# By tool: a mistake in kernel/notification.c, what is said of it; a line of the record, and what is said without it.
SEEDS = {
    "analyzer": ((WAIT, "	uint32_t *place = NULL;\n	*place = 1;\n" + WAIT), "analyzer:null-dereference",
                 "analyzer:null-dereference kernel/virq.c", "kernel/virq.c"),
    "tidy": ((WAIT, "	if (sizeof(thread) == 0 ? thread->slot : thread->slot) {\n		return false;\n	}\n" + WAIT),
             "tidy:bugprone-", "tidy:clang-analyzer-core.NullDereference kernel/call.c", "kernel/call.c"),
    "cppcheck": ((WAIT, "	uint32_t words[2] = { 0 };\n	thread->badge = words[2];\n" + WAIT),
                 "cppcheck:arrayIndexOutOfBounds", "misra:21.2 kernel/virq.c", "kernel/virq.c"),
}


def edited(tree, path, *edits):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = change(file.read(), edits, path)
    with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
        file.write(text)


def lint(tree, path):
    done = subprocess.run([os.path.join(ROOT, "build/lint"), TOOL, "--file", path, "--build", BUILD, "--source", tree],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


mistake, said, line, path = SEEDS[TOOL]
with tempfile.TemporaryDirectory() as folder:
    tree = os.path.join(folder, "tree")
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("out", ".git"))
    expect(f"{TOOL}: a file as it is", lint(tree, "kernel/notification.c"), 0, "0 found")
    edited(tree, "kernel/notification.c", mistake)
    expect(f"{TOOL}: a mistake", lint(tree, "kernel/notification.c"), 1, "kernel/notification.c:", said)
    edited(tree, RECORD, ("\n" + line, "\n#"))
    expect(f"{TOOL}: a deviation that is not recorded", lint(tree, path), 1, path, line.split()[0])
    edited(tree, RECORD, ("\n" + line + " --", "\n" + line))
    expect(f"{TOOL}: a deviation without a reason", lint(tree, path), 1, "expected CHECK PLACE -- why")

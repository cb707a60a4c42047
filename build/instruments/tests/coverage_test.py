#!/usr/bin/env python3
"""Does build/coverage see what nobody reaches, and what is listed and reached? coverage_test.py SOURCES BUILD WORK

In a copy of the sources, in WORK: with a branch that no test takes put into the kernel, and with a list that says what
is not true."""
import os
import shutil
import subprocess
import sys

from seeded import change, expect

ROOT, BUILD, WORK = map(os.path.abspath, sys.argv[1:4])
FILE, LIST = "kernel/notification.c", "kernel/tests/unreached.txt"
WAIT = "	thread->waits_for = notification;\n"
SEEDED = "	if (thread->depth == 77) {\n		return false;\n	}\n"
REACHED = "kernel/notification.c notification_wait `thread->waits_for = notification;` line\n	-- cannot: so it says\n"


def edited(path, *edits):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = change(file.read(), edits, path)
    target = os.path.join(WORK, "tree", path)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


def coverage():
    done = subprocess.run([os.path.join(ROOT, "build/coverage"), "--kernel", "--no-html", "--build", BUILD, "--source",
                           os.path.join(WORK, "tree"), "--out", os.path.join(WORK, "out")], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


shutil.rmtree(WORK, ignore_errors=True)
shutil.copytree(ROOT, os.path.join(WORK, "tree"), ignore=shutil.ignore_patterns("out", ".git"))
edited(FILE, (WAIT, SEEDED + WAIT))
edited(LIST, ("kernel/object.c object_bump", REACHED + "kernel/object.c object_bump"))
place = f"{FILE} notification_wait `"
expect("a branch that no test takes, and a list that is not true", coverage(), 1,
       f"does not say why: {place}if (thread->depth == 77) {{` branch 1 of 2",
       f"does not say why: {place}return false;` line",
       f"reached, or no more there: {place}thread->waits_for = notification;` line")
edited(FILE, (WAIT, WAIT + "	assert_that_it_compiles(;\n"))
expect("a kernel that does not compile", coverage(), 2, "build/coverage: the build failed")

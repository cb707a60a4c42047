#!/usr/bin/env python3
"""The manifests that the guides show, each a block ```dts that begins with /dts-v1/: nothing is wrong with any of them.

manifests_test.py SOURCES SKINK FOLDER. They are checked beside copies of those in manifest/, which they may include.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES, SKINK, FOLDER = (os.path.abspath(path) for path in sys.argv[1:])
sys.path.insert(0, os.path.join(SOURCES, "build", "doc"))

import documents  # noqa: E402, pylint: disable=wrong-import-position


def check(path):
    run = subprocess.run([SKINK, "check", path], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
for shipped in Path(SOURCES, "manifest").glob("*.dts*"):
    shutil.copy(shipped, FOLDER)
checked, wrong = 0, []
for document in documents.find(SOURCES):
    text = Path(SOURCES, document).read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"^```dts\n(/dts-v1/;.*?)^```$", text, re.M | re.S), 1):
        name = os.path.join(FOLDER, f"{documents.pages.slug(document)}-{number}.dts")
        Path(name).write_text(block, encoding="utf-8")
        status, said = check(name)
        checked += 1
        if status != 0 or "no errors, 0 warnings" not in said:
            wrong.append(f"{document}, block {number}: status {status}\n{said}")
        Path(name).write_text(block + "/ { servers { nobody { image = \"no such image\"; }; }; };\n", encoding="utf-8")
        if check(name)[0] != 2:
            wrong.append(f"{document}, block {number}: an error in it is not found")
print("\n".join(wrong))
print(f"{checked} manifests, {len(wrong)} wrong")
sys.exit(1 if wrong or checked < 4 else 0)

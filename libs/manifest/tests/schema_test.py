#!/usr/bin/env python3
"""The reader's tables and manifest/SCHEMA.md name the same properties. schema_test.py SOURCE_FOLDER SCHEMA.md"""
import glob
import os
import re
import sys


def main():
    sources, schema = sys.argv[1:]
    known = set()
    for path in glob.glob(os.path.join(sources, "*.c")):
        with open(path, encoding="utf-8") as file:
            for table in re.findall(r"struct property \w+\[\] = \{(.*?)\n\};", file.read(), re.S):
                known |= set(re.findall(r'^\t\{ "([^"]+)",', table, re.M))
    described = set()
    with open(schema, encoding="utf-8") as file:
        for line in file:
            if line.startswith("| `"):
                described |= set(re.findall(r"`([^`]+)`", line.split("|")[1]))
    for name in sorted(known - described):
        print(f"not described: {name}")
    for name in sorted(described - known):
        print(f"described, but not read: {name}")
    return 0 if known == described and len(known) > 40 else 1


sys.exit(main())

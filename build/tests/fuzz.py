#!/usr/bin/env python3
"""Runs a fuzz harness.

    build/tests/fuzz.py [--runs N | --seconds N] PROGRAM CORPUS
    build/tests/fuzz.py --finds NAME [--keep] [--runs N | --seconds N] PROGRAM CORPUS
    build/tests/fuzz.py --grow SECONDS PROGRAM CORPUS

PROGRAM is fed with all inputs of CORPUS, then with inputs made from them: N of them from a fixed seed, or for so many
seconds. What is found is written beside PROGRAM; `PROGRAM FILE` shows it again.

--finds: PROGRAM has a bug, and it is an error if it is not found. --keep adds the input that does it to CORPUS, under
NAME. --grow looks for inputs that reach new code, and leaves in CORPUS the smallest set that reaches all of it, beside
those that have a name.

A corpus is a text: a line for each input, in hexadecimal, with a name before it or not; lines that begin with # are
left alone.
"""
import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile

WORTH_SAYING = re.compile(r"SUMMARY|expected:|runtime error|executed_units|ERROR|Test unit written")


def read_corpus(path):
    """Comments, inputs with names, inputs without."""
    comments, named, plain = [], {}, []
    if not os.path.exists(path):
        sys.exit(f"fuzz: no corpus {path}")
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            name, _, text = line.rpartition(" ")
            try:
                if line.startswith("#") or not line:
                    comments.append(line)
                elif name:
                    named[name] = bytes.fromhex(text)
                else:
                    plain.append(bytes.fromhex(text))
            except ValueError:
                sys.exit(f"{path}:{number}: expected an input in hexadecimal, or a name and an input")
    return comments, named, plain


def write_corpus(path, comments, named, plain):
    lines = comments + [f"{name} {named[name].hex()}" for name in sorted(named)]
    lines += sorted({data.hex() for data in plain} - {""}, key=lambda text: (len(text), text))
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


def unpack(folder, named, plain):
    os.makedirs(folder)
    for data in [*named.values(), *plain]:
        with open(os.path.join(folder, hashlib.sha256(data).hexdigest()[:16]), "wb") as file:
            file.write(data)


def contents(folder):
    result = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            result.append(file.read())
    return result


def run(arguments, options, **how):
    command = [arguments.program, f"-max_len={arguments.max_bytes}", "-timeout=20", "-rss_limit_mb=2048",
               "-verbosity=0", "-print_final_stats=1", *options]
    environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
    return subprocess.run(command, env=environment, check=False, **how)


def limit(arguments):
    return f"-max_total_time={arguments.seconds}" if arguments.seconds else f"-runs={arguments.runs}"


def grow(arguments, work, corpus):
    comments, named, plain = corpus
    found = f"-artifact_prefix={arguments.program}-found-"
    new, least = os.path.join(work, "new"), os.path.join(work, "least")
    os.makedirs(new)
    os.makedirs(least)
    result = run(arguments, [f"-max_total_time={arguments.grow}", found, new, arguments.unpacked])
    if result.returncode != 0:
        return result.returncode
    result = run(arguments, ["-merge=1", "-use_counters=0", least, new, arguments.unpacked],
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if result.returncode == 0:
        plain = [data for data in contents(least) if data not in named.values()]
        write_corpus(arguments.corpus, comments, named, plain)
    return result.returncode


def find(arguments, work, corpus):
    comments, named, plain = corpus
    found = os.path.join(work, "found")
    result = run(arguments, [limit(arguments), "-seed=1", f"-exact_artifact_path={found}", arguments.unpacked],
                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    lines = [line for line in result.stdout.splitlines() if WORTH_SAYING.search(line)]
    if result.returncode == 0 or not os.path.exists(found):
        print(f"fuzz: {arguments.program}: the bug in it was not found", *lines, sep="\n")
        return 1
    print(*lines, sep="\n")
    if arguments.keep:
        with open(found, "rb") as file:
            named[arguments.finds] = file.read()
        write_corpus(arguments.corpus, comments, named, plain)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20000, metavar="N")
    parser.add_argument("--seconds", type=int, metavar="N")
    parser.add_argument("--finds", metavar="NAME")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--grow", type=int, metavar="SECONDS")
    parser.add_argument("--max-bytes", type=int, default=512, metavar="N", help="of an input")
    parser.add_argument("program")
    parser.add_argument("corpus")
    arguments = parser.parse_args()
    if not os.access(arguments.program, os.X_OK):
        sys.exit(f"fuzz: {arguments.program} was not built")
    corpus = read_corpus(arguments.corpus)
    with tempfile.TemporaryDirectory() as work:
        arguments.unpacked = os.path.join(work, "corpus")
        unpack(arguments.unpacked, *corpus[1:])
        if arguments.grow:
            return grow(arguments, work, corpus)
        if arguments.finds:
            return find(arguments, work, corpus)
        found = f"-artifact_prefix={arguments.program}-found-"
        return run(arguments, [limit(arguments), "-seed=1", found, arguments.unpacked]).returncode


if __name__ == "__main__":
    sys.exit(main())

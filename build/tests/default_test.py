#!/usr/bin/env python3
"""
The default system does all that it can, with a server of this test on the host, while its servers are killed.

  default_test.py SKINK MANIFEST IMAGE [--rounds N] [--kill SERVER …] [OPTIONS OF skink run]

IMAGE, a root disk, is copied. `--kill` names servers that are killed, one in each round but the first and the last. The
guest's test (/skink/tests/system.sh) must pass and the guest power itself off; e2fsck must find a clean disk; on it are all
files that the guest fetched, as the host sent them; the second console's lines are all there, once.
"""
import argparse
import hashlib
import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading

from disk_test import tool

KEPT = 6000
FILE = os.urandom(300_000)


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(FILE)))
        self.end_headers()
        self.wfile.write(FILE)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def monitor(kill):
    options = []
    for number, server in enumerate(kill, 2):
        options += ["--when", f"round {number}\r", "--monitor", f"kill {server}"]
    return options


def problems_of(image, run, rounds, kill):
    console, log = (text.decode(errors="replace").replace("\r", "") for text in (run.stdout, run.stderr))
    problems = [f"exit status {run.returncode}"] if run.returncode != 0 else []
    if not re.search(r"^[1-9]\d* passed, 0 failed$", console, re.M) or re.search(r"^not ok", console, re.M):
        problems.append("the guest's test did not pass")
    killed = re.findall(r"server (\w+): killed by the operator", log)
    if killed != kill:
        problems.append(f"killed were {killed}, expected {kill}")
    lines = re.findall(r"second console: (\d+)$", log, re.M)
    if lines != [str(i) for i in range(1, rounds + 1)]:
        problems.append(f"the second console's lines were {lines}")
    check = tool("e2fsck", "-n", image)
    if check.returncode != 0 or b": clean," not in check.stdout:
        problems.append("e2fsck, unforced: " + check.stdout.decode() + check.stderr.decode())
    check = tool("e2fsck", "-f", "-n", image)
    if check.returncode != 0:
        problems.append("e2fsck: " + check.stdout.decode() + check.stderr.decode())
    expected = hashlib.sha256(FILE).hexdigest()
    for i in range(1, rounds + 1):
        if hashlib.sha256(tool("debugfs", "-R", f"cat /root/kept/{i}", image).stdout).hexdigest() != expected:
            problems.append(f"file {i} is not on the disk as it was sent")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("skink")
    parser.add_argument("manifest")
    parser.add_argument("image")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--kill", nargs="*", default=[])
    given, more = parser.parse_known_args()
    rounds = max(given.rounds, len(given.kill) + 2)
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "root.img")
        subprocess.run(["cp", "--sparse=always", given.image, image], check=True)
        test = f"sh /skink/tests/system.sh {serve()} {hashlib.sha256(FILE).hexdigest()} {rounds}"
        command = [given.skink, "run", "--batch", "--timeout", "200", given.manifest, "--root", image, "--net", "user",
                   "--run", test, *monitor(given.kill), *more]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        problems = problems_of(image, run, rounds, given.kill)
    if problems:
        for name, text in (("console", run.stdout), ("log", run.stderr)):
            print(f"--- {name}\n{text.decode(errors='replace')[-KEPT:]}")
        print("--- problems\n" + "\n".join(problems) + "\n--- command\n" + " ".join(command))
        return 1
    print(f"{rounds} rounds, {len(given.kill)} kills, the disk is clean")
    return 0


sys.exit(main())

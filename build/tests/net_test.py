#!/usr/bin/env python3
"""
A guest on QEMU's user network transfers data to and from a server on the host's loopback, in one TCP connection, while
device servers, the switch and the driver are killed. The connection survives, and both sides have what the other sent.

  net_test.py SKINK MANIFEST [--pieces N] [--kill SERVER …] [OPTIONS OF skink run]

The guest (/skink/tests/net.sh) sends so many pieces, with a "tick" for each. `--kill` names servers that are killed in
turn, one at each tick but the first two and the last two.
"""
import argparse
import hashlib
import os
import re
import socket
import subprocess
import sys
import threading

KEPT = 6000
PIECE = 128 * 1024


class Peer(threading.Thread):
    """Takes one connection, reads it to the end, and for each byte sends one of its own."""

    def __init__(self, size):
        super().__init__(daemon=True)
        self.data = os.urandom(size)
        self.received = b""
        self.problem = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        try:
            connection, _ = self.listener.accept()
            while data := connection.recv(65536):
                at = len(self.received)
                self.received += data
                connection.sendall(self.data[at:at + len(data)])
            connection.close()
        except OSError as error:
            self.problem = f"the host's side of the connection: {error}"


def monitor(kill, kills):
    options = []
    for i in range(kills):
        options += ["--when", f"tick {3 + i}\r", "--monitor", f"kill {kill[i % len(kill)]}"]
    return options


def problems_of(run, peer, kills):
    console = run.stdout.decode(errors="replace").replace("\r", "")
    problems = [f"exit status {run.returncode}"] if run.returncode != 0 else []
    if peer.problem:
        problems.append(peer.problem)
    if not re.search(r"^[1-9]\d* passed, 0 failed$", console, re.M) or re.search(r"^not ok", console, re.M):
        problems.append("the guest's test did not pass")
    killed = len(re.findall(r"killed by the operator", run.stderr.decode(errors="replace")))
    if killed != kills:
        problems.append(f"{killed} servers were killed, expected {kills}")
    for word, data in (("sent", peer.received), ("received", peer.data)):
        told = re.search(rf"^{word} ([0-9a-f]{{64}})$", console, re.M)
        if not told or told.group(1) != hashlib.sha256(data).hexdigest():
            problems.append(f"what the guest has {word} is not what the host has")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("skink")
    parser.add_argument("manifest")
    parser.add_argument("--pieces", type=int, default=16)
    parser.add_argument("--kill", nargs="*", default=[])
    given, more = parser.parse_known_args()
    kills = given.pieces - 4 if given.kill else 0
    peer = Peer(given.pieces * PIECE)
    peer.start()
    command = [given.skink, "run", "--batch", "--timeout", "150", given.manifest, "--net", "user", "--append",
               "console=ttyAMA0 quiet", "--run", f"sh /skink/tests/net.sh {peer.port} {given.pieces}",
               *monitor(given.kill, kills), *more]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    peer.join(5)
    problems = problems_of(run, peer, kills)
    if problems:
        for name, text in (("console", run.stdout), ("log", run.stderr)):
            print(f"--- {name}\n{text.decode(errors='replace')[-KEPT:]}")
        print("--- problems\n" + "\n".join(problems) + "\n--- command\n" + " ".join(command))
        return 1
    print(f"{given.pieces * PIECE >> 10} KiB each way, {kills} kills")
    return 0


sys.exit(main())

#!/usr/bin/env python3
"""
A guest on QEMU's user network transfers data to and from a server on the host's loopback, in one TCP connection, while
device servers, the switch and the driver are killed. The connection survives, and both sides have what the other sent.

  net_test.py SKINK MANIFEST [--kib N] [--kills N] [--kill SERVER …] [OPTIONS OF skink run]

`--kill` names servers that are killed in turn, `--kills` times, one at each "tick" of the guest's test
(/skink/tests/net.sh).
"""
import argparse
import hashlib
import os
import re
import socket
import subprocess
import sys
import threading
import time

KEPT = 6000
CHUNK = 16384
PACE = 0.04  # seconds between chunks, so that there is time to break something


class Peer(threading.Thread):
    """Takes one connection; sends so many bytes and reads to the end, both at once and not too fast."""

    def __init__(self, size):
        super().__init__(daemon=True)
        self.data = os.urandom(size)
        self.received = b""
        self.problem = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def send(self, connection):
        for at in range(0, len(self.data), CHUNK):
            connection.sendall(self.data[at:at + CHUNK])
            time.sleep(PACE)

    def run(self):
        try:
            connection, _ = self.listener.accept()
            sender = threading.Thread(target=self.send, args=(connection,), daemon=True)
            sender.start()
            while True:
                data = connection.recv(CHUNK)
                if not data:
                    break
                self.received += data
                time.sleep(PACE * len(data) / CHUNK)
            sender.join()
            connection.close()
        except OSError as error:
            self.problem = f"the host's side of the connection: {error}"


def monitor(kill, kills):
    options = []
    for i in range(kills if kill else 0):
        options += ["--when", f"tick {2 + i}\r", "--monitor", f"kill {kill[i % len(kill)]}"]
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
    parser.add_argument("--kib", type=int, default=2048)
    parser.add_argument("--kills", type=int, default=9)
    parser.add_argument("--kill", nargs="*", default=[])
    given, more = parser.parse_known_args()
    kills = given.kills if given.kill else 0
    peer = Peer(given.kib * 1024)
    peer.start()
    command = [given.skink, "run", "--batch", "--timeout", "150", given.manifest, "--net", "user", "--append",
               "console=ttyAMA0 quiet", "--run", f"sh /skink/tests/net.sh {peer.port} {given.kib}",
               *monitor(given.kill, kills), *more]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    peer.join(5)
    problems = problems_of(run, peer, kills)
    if problems:
        for name, text in (("console", run.stdout), ("log", run.stderr)):
            print(f"--- {name}\n{text.decode(errors='replace')[-KEPT:]}")
        print("--- problems\n" + "\n".join(problems) + "\n--- command\n" + " ".join(command))
        return 1
    print(f"{given.kib} KiB each way, {kills} kills")
    return 0


sys.exit(main())

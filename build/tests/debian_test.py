#!/usr/bin/env python3
"""
Debian in a guest: it boots to a login and has all its units running, apt installs a package from a repository that this test
serves, ssh and scp work from the host; from the login on, device servers and drivers are killed. Then it boots again.

  debian_test.py SKINK MANIFEST IMAGE [OPTIONS OF skink run]

IMAGE (build/guest/debian makes it) is copied.
"""
import hashlib
import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from disk_test import tool
from forward_test import free_port

KEPT = 8000
KILL = ["vblk0", "vnet0", "blk0", "net0", "switch0", "uart0"]
KILLS = 3 * len(KILL)
FIRST_KILL = 2
BYTES = 6_000_000
SECONDS = 300      # until each thing that is waited for
ALL_SECONDS = 900
CONTROL = """\
Package: skink-hello
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@localhost>
Depends: base-files
Description: a package of this test
"""
AFTER = "#!/bin/sh\nset -e\n[ \"$1\" = configure ]\nsha256sum /usr/share/skink-hello/data >/var/lib/skink-hello.sum\n"
FILE_BYTES = 2_000_000


def package(folder):
    """Makes a package with a file and a script; returns the path and the file's hash."""
    tree, data = os.path.join(folder, "tree"), os.urandom(FILE_BYTES)
    for name in ("DEBIAN", "usr/share/skink-hello"):
        os.makedirs(os.path.join(tree, name))
    for name, text in (("DEBIAN/control", CONTROL.encode()), ("DEBIAN/postinst", AFTER.encode()),
                       ("usr/share/skink-hello/data", data)):
        with open(os.path.join(tree, name), "wb") as file:
            file.write(text)
    os.chmod(os.path.join(tree, "DEBIAN/postinst"), 0o755)
    path = os.path.join(folder, "web", "skink-hello.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, path], check=True, stdout=subprocess.DEVNULL)
    return path, hashlib.sha256(data).hexdigest()


def repository(web, path):
    """A flat repository with one package; served, its port."""
    with open(path, "rb") as file:
        data = file.read()
    listed = CONTROL + (f"Filename: ./{os.path.basename(path)}\nSize: {len(data)}\n"
                        f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")
    with open(os.path.join(web, "Packages"), "w", encoding="utf-8") as file:
        file.write(listed)
    checksum = hashlib.sha256(listed.encode()).hexdigest()
    with open(os.path.join(web, "Release"), "w", encoding="utf-8") as file:
        file.write(f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {checksum} {len(listed)} Packages\n")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=web)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Guest:
    """A running system; its console's text so far, and ssh into it."""

    def __init__(self, command, key, port):
        self.console, self.log = "", ""
        self.start = time.monotonic()
        self.run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.options = ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                        "ConnectTimeout=60", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]
        self.port = str(port)
        self.readers = [threading.Thread(target=self.read, args=(self.run.stdout, "console")),
                        threading.Thread(target=self.read, args=(self.run.stderr, "log"))]
        for reader in self.readers:
            reader.start()

    def read(self, stream, name):
        while data := stream.read1(65536):
            setattr(self, name, getattr(self, name) + data.decode(errors="replace").replace("\r", ""))

    @property
    def text(self):
        """The console's without what moves cursors and sets colours."""
        return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", self.console)

    def note(self, what):
        print(f"{time.monotonic() - self.start:6.1f} s: {what}; {self.kills()} kills", flush=True)

    def kills(self):
        return self.log.count("killed by the operator")

    def type(self, text):
        self.run.stdin.write(text.encode())
        self.run.stdin.flush()

    def wait(self, pattern, start=0):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.run.poll() is None:
            if found := re.compile(pattern, re.M).search(self.text, start):
                return found.end()
            time.sleep(0.2)
        raise AssertionError(f"not on the console: {pattern}")

    def host(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
                              check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout

    def ssh(self, command):
        return self.host("ssh", *self.options, "-p", self.port, "root@127.0.0.1", command)

    def scp(self, source, target):
        self.host("scp", *self.options, "-P", self.port, source, target)


def log_in(guest, public):
    """At the console, as a person would, who puts his key there for later."""
    at = guest.wait("^skink-debian login: ")
    guest.note("login prompt")
    guest.type("root\n")
    at = guest.wait("^root@skink-debian:~# ", at)
    guest.type(f"mkdir -m 700 -p .ssh; echo '{public}' >.ssh/authorized_keys; systemctl is-system-running --wait; "
               "echo answer=$((6 * 7))\n")
    ended = guest.wait("^answer=42$", at)
    state = re.findall(r"^(?:running|degraded|maintenance|starting|stopping|offline)$", guest.text[at:ended], re.M)
    assert state == ["running"], f"the system is {state}"
    guest.note("logged in, the system is running")


def install(guest, port, checksum):
    guest.ssh(f"echo 'deb [trusted=yes] http://10.0.2.2:{port}/ ./' >/etc/apt/sources.list && apt-get -q update && "
              "apt-get -q -y install skink-hello")
    assert guest.ssh("dpkg-query -W -f '${Status}' skink-hello") == "install ok installed"
    assert guest.ssh("cat /var/lib/skink-hello.sum").split()[0] == checksum, "what was installed is not what was packed"
    guest.ssh("apt-get -q -y purge skink-hello && ! [ -e /usr/share/skink-hello ] && [ -z \"$(dpkg --audit)\" ]")
    guest.note("a package installed and removed")


def copy(guest, folder):
    """Two files there and back, and more until all kills are done."""
    rounds = 0
    while rounds < 2 or guest.kills() < KILLS:
        rounds += 1
        assert rounds < 20, "no end of rounds"
        sent, back = os.path.join(folder, "sent"), os.path.join(folder, "back")
        with open(sent, "wb") as file:
            file.write(os.urandom(BYTES))
        guest.scp(sent, "root@127.0.0.1:/root/copied")
        guest.ssh("sync; echo 3 >/proc/sys/vm/drop_caches")
        guest.scp("root@127.0.0.1:/root/copied", back)
        with open(sent, "rb") as first, open(back, "rb") as second:
            data = first.read()
            assert data == second.read(), "what came back is not what was sent"
        assert guest.ssh("sha256sum </root/copied").split()[0] == hashlib.sha256(data).hexdigest()
    guest.note(f"{rounds} files there and back")


def work(guest, folder, public):
    log_in(guest, public)
    path, checksum = package(folder)
    port = repository(os.path.join(folder, "web"), path)
    assert guest.ssh("cat /etc/debian_version; touch /run/go").startswith("12.")
    guest.note("ssh")
    assert "virtio_rng" in guest.ssh("cat /sys/class/misc/hw_random/rng_current")
    install(guest, port, checksum)
    copy(guest, folder)
    failed = guest.ssh("systemctl --failed --plain --no-legend")
    assert failed == "", f"after all that these units failed: {failed}"
    copied, seen = guest.ssh("sha256sum /root/copied"), len(guest.text)
    guest.ssh("(sleep 1; systemctl reboot) >/dev/null 2>&1 &")
    guest.wait("^skink-debian login: ", seen)
    guest.note("login prompt after a reboot")
    assert guest.ssh("systemctl is-system-running --wait") == "running\n"
    assert guest.ssh("sha256sum /root/copied") == copied, "the disk lost a file"
    guest.ssh("touch /run/done")
    assert guest.run.wait(SECONDS) == 0, "exit status"
    guest.note("switched off")


def main():
    skink, manifest, image, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        disk, key = os.path.join(folder, "disk.img"), os.path.join(folder, "key")
        subprocess.run(["cp", "--sparse=always", image, disk], check=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        with open(key + ".pub", encoding="utf-8") as file:
            public = file.read().strip()
        port = free_port()
        os.mkdir(os.path.join(folder, "web"))
        run = "i=0; while ! [ -e /run/done ]; do [ -e /run/go ] && echo tick $((i += 1)); sleep 2; done"
        command = [skink, "run", "--batch", "--timeout", str(ALL_SECONDS), "--root", disk, "--net", "user", "--forward",
                   f"{port}:22", "--run", run, *more, manifest]
        for number in range(KILLS):
            command += ["--when", f"tick {FIRST_KILL + number}\r", "--monitor", f"kill {KILL[number % len(KILL)]}"]
        guest = Guest(command, key, port)
        problem = None
        try:
            work(guest, folder, public)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            problem = str(error)
            guest.run.terminate()
        guest.run.wait()
        for reader in guest.readers:
            reader.join()
        check = tool("e2fsck", "-f", "-n", disk)
        if problem is None and check.returncode != 0:
            problem = "e2fsck: " + check.stdout.decode() + check.stderr.decode()
        if problem is None and guest.kills() != KILLS:
            problem = f"{guest.kills()} kills, expected {KILLS}"
    if problem is not None:
        print(f"--- console\n{guest.text[-KEPT:]}\n--- log\n{guest.log[-KEPT:]}\n--- problem\n{problem}\n--- command\n"
              + " ".join(command))
        return 1
    return 0


sys.exit(main())

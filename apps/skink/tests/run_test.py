#!/usr/bin/env python3
"""skink run against a QEMU that is not one: exit statuses, streams, triggers, timeouts, terminals. run_test.py SKINK"""
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import fixture

SKINK = os.path.abspath(sys.argv.pop(1))
FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_qemu.py")


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Case(unittest.TestCase):
    def setUp(self):
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        self.folder = fixture.Folder(root, SKINK)
        self.arguments = self.folder.path("arguments")
        # A program by itself: under another interpreter the tests would need it executable.
        script = f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n'
        self.qemu = self.folder.put("qemu", script.encode())
        os.chmod(self.qemu, 0o755)

    def environment(self, scenario):
        return dict(os.environ, FAKE_SCENARIO=scenario, FAKE_ARGUMENTS=self.arguments)

    def run_batch(self, scenario, *arguments, **options):
        code, out, err = self.folder.run("run", "--qemu", self.qemu, "--batch", *arguments,
                                         fixture.manifest("one.dts"), env=self.environment(scenario), **options)
        if os.path.exists(self.arguments):
            with open(self.arguments, encoding="utf-8") as file:
                process = int(file.read().split()[0])
            self.assertFalse(alive(process), "QEMU was left behind")
        return code, out, err


class Batch(Case):
    def test_off(self):
        code, out, err = self.run_batch("off")
        self.assertEqual((code, out), (0, "hello world\n"), err)
        for text in ("kernel text\n", "log line\n", "[control] boot\n", "[control] vm linux off\n"):
            self.assertIn(text, err)
        with open(self.arguments, encoding="utf-8") as file:
            arguments = file.read()
        for text in ("-M virt,virtualization=on,gic-version=3", "-cpu cortex-a53", "-smp 2", "-m 1024"):
            self.assertIn(text, arguments)

    def test_statuses(self):
        for scenario, status, text in (("crash", 4, "vm linux failed no memory"), ("server", 4, "server rtc0 failed"),
                                       ("panic", 5, "KERNEL PANIC: at the disco"), ("joke", 0, ""),
                                       ("stop", 4, "had not powered itself off"),
                                       ("refuses", 1, "ended with status 1")):
            code, out, err = self.run_batch(scenario)
            self.assertEqual(code, status, scenario + err)
            self.assertIn(text, err)
            self.assertTrue(scenario == "refuses" or out.startswith("hello\n"), out)
        self.assertEqual(self.run_batch("refuses", "--cpu", "none")[0], 2)

    def test_timeout(self):
        begin = time.monotonic()
        code, out, err = self.run_batch("hang", "--timeout", "1")
        self.assertEqual((code, out), (3, "hello\n"), err)
        self.assertIn("timeout: the system still ran after 1 s", err)
        self.assertLess(time.monotonic() - begin, 20)

    def test_deaf_qemu_is_killed(self):
        self.assertEqual(self.run_batch("deaf", "--timeout", "1")[0], 3)

    def test_no_qemu(self):
        code, out, err = self.folder.run("run", "--batch", "--qemu", "/no/qemu")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("build/setup", err)

    def test_monitor(self):
        code, out, err = self.run_batch("monitor", "--when", "login:", "--monitor", "kill uart0", "--monitor", "list",
                                        "--when", "back")
        self.assertEqual((code, out), (0, "login: back\n"), err)
        self.assertIn("[monitor] uart0 killed\n", err)
        self.assertIn("[monitor] a list\n", err)

    def test_input(self):
        reading, writing = os.pipe()
        os.write(writing, b"typed \x1e0 text\nend\n")
        os.close(writing)
        code, _, err = self.run_batch("input", stdin=reading)
        os.close(reading)
        self.assertEqual(code, 0, err)

    def test_streams(self):
        log = self.folder.path("log")
        code, out, err = self.run_batch("streams", "--log", log)
        self.assertEqual((code, out), (0, "only this\x1e\n"), err)
        with open(log, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("[unknown stream] other console\n", text)
        self.assertEqual("".join(line for line in text.splitlines() if set(line) == {"x"}), "x" * 3000)
        self.assertNotIn("other console", err)

    def test_signal(self):
        with subprocess.Popen([SKINK, "run", "--out", self.folder.root, "--batch", "--qemu", self.qemu],
                              env=self.environment("hang"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as tool:
            self.assertEqual(tool.stdout.readline(), b"hello\n")
            tool.send_signal(signal.SIGTERM)
            self.assertEqual(tool.wait(20), 128 + signal.SIGTERM)
        with open(self.arguments, encoding="utf-8") as file:
            self.assertFalse(alive(int(file.read().split()[0])))


class Terminal(Case):
    def start(self, scenario, *arguments):
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, slave)
        self.slave, self.before = slave, termios.tcgetattr(slave)
        return subprocess.Popen([SKINK, "run", "--out", self.folder.root, "--qemu", self.qemu, *arguments],
                                env=self.environment(scenario), stdin=slave, stdout=slave, stderr=slave)

    def expect(self, text):
        got = b""
        while text not in got:
            got += os.read(self.master, 4096)
        return got

    def test_keys_and_leaving(self):
        tool = self.start("terminal")
        shown = self.expect(b"ready")
        self.assertIn(b"Ctrl-A m: monitor, Ctrl-A x: leave", shown)
        self.assertNotEqual(termios.tcgetattr(self.slave)[3] & termios.ICANON, termios.ICANON)
        os.write(self.master, b"\x03\x1a\x01x")
        self.expect(b"leaving")
        self.assertEqual(tool.wait(20), 0)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_leaving_a_stuck_machine(self):
        tool = self.start("terminal_stuck")
        self.expect(b"ready")
        os.write(self.master, b"\x01x")
        self.assertEqual(tool.wait(30), 0)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_signals_restore(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT):
            tool = self.start("terminal")
            self.expect(b"ready")
            tool.send_signal(number)
            status = tool.wait(30)
            self.assertIn(status, (128 + number, -number))
            self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_panic(self):
        tool = self.start("panic")
        self.expect(b"disco")
        self.assertEqual(tool.wait(20), 5)

    def test_timeout(self):
        tool = self.start("terminal", "--timeout", "1")
        self.assertEqual(tool.wait(30), 3)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)


if __name__ == "__main__":
    unittest.main()

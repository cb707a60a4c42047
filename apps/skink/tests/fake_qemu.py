#!/usr/bin/env python3
"""Stands for QEMU in run_test.py: says on its UART what $FAKE_SCENARIO wants, and answers what is typed."""
import os
import signal
import sys
import time


def say(text):
    os.write(1, text if isinstance(text, bytes) else text.encode())


def until(text):
    """Reads the UART until the text was typed; returns all that was read."""
    got = b""
    while text not in got:
        piece = os.read(0, 100)
        if not piece:
            sys.exit(9)
        got += piece
    return got


def off():
    say("\x1e0vm linux off\nhalt\n")


def scenario_off():
    say("kernel text\n\x1e0boot\n\x1e1hello\x1eLlog line\n\x1e1 world\n")
    off()


def scenario_crash():
    say("\x1e0boot\n\x1e1hello\n\x1e0vm linux failed no memory\nhalt\n")


def scenario_server():
    say("\x1e0boot\nserver rtc0 failed too many restarts\n\x1e1hello\n")
    off()


def scenario_panic():
    say("\x1e0boot\n\x1e1hello\nKERNEL PANIC: at the disco\nregisters\n")


def scenario_joke():
    say("\x1e0boot\n\x1e1hello\nKERNEL PANIC: not really\n")
    off()


def scenario_stop():
    say("\x1e0boot\n\x1e1hello\n")


def scenario_hang():
    say("\x1e0boot\n\x1e1hello\n")
    time.sleep(600)


def scenario_deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    scenario_hang()


def scenario_refuses():
    sys.stderr.write("qemu: no such CPU\n")
    sys.exit(1)


def scenario_monitor():
    say("\x1e0boot\n\x1e1login")
    say(": ")
    first = until(b"kill uart0\n")
    assert first == b"\x1eMkill uart0\n", first
    say("\x1eMuart0 killed\n\x1e1back\n")
    second = until(b"list\n")
    assert second == b"list\n", second  # still on the monitor's stream
    say("\x1eMa list\n")
    off()


def scenario_input():
    say("\x1e0boot\n")
    got = until(b"end\n")
    assert got == b"\x1e1typed \x1e\x1e0 text\nend\n", got
    off()


def scenario_streams():
    say("\x1e0boot\n\x1e2other console\r\n\x1eZ\x1e1only this\x1e\x1e\n\x1eL" + "x" * 3000 + "\n")
    off()


def scenario_terminal():
    say("ready\r\n")
    got = until(b"\x01x")
    assert got.startswith(b"\x03\x1a"), got  # raw: Ctrl-C and Ctrl-Z are bytes
    say("leaving\r\n")


def scenario_terminal_stuck():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("ready\r\n")
    time.sleep(600)


def main():
    arguments = sys.argv[1:]
    with open(arguments[arguments.index("-kernel") + 1], "rb") as image:
        assert image.read(64)[56:60] == b"ARM\x64"
    with open(os.environ["FAKE_ARGUMENTS"], "w", encoding="utf-8") as file:
        file.write("%d %s" % (os.getpid(), " ".join(arguments)))
    globals()["scenario_" + os.environ["FAKE_SCENARIO"]]()


main()

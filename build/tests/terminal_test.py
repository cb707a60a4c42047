#!/usr/bin/env python3
"""
A system on a terminal, as a person uses it: two consoles, the monitor, a kill, and out.

  terminal_test.py SKINK MANIFEST SECOND VM… [--kill SERVER…] [--typed KEY NAME FILE]

SECOND is the server of the second console, VM… are those that the monitor says are running. The servers to kill are
killed by monitor command; after each the first console still answers. --typed: what is typed to a further console, of
this key and name, is read from that file in the guest.
"""
import argparse
import sys

import pexpect

CTRL_A = "\x01"
PROMPT = r"# "
SECONDS = 120


def answers(person, number):
    """A command on the shown console, whose answer is none of what was typed."""
    person.send(f"echo answer $(({number} * 7)); cat /proc/uptime >/root/file; sync\r")
    person.expect(rf"\nanswer {number * 7}")
    person.expect(PROMPT)


def size_follows(person):
    """The shown console is a virtio one: its size is the terminal's, also when that changes."""
    for rows, columns in ((40, 100), (50, 132)):
        person.setwinsize(rows, columns)
        person.send(f"until stty size | grep -q '^{rows} {columns}'; do usleep 20000; done; echo size $(stty size)\r")
        person.expect(rf"\nsize {rows} {columns}")
        person.expect(PROMPT)


def typed(person, key, name, file):
    person.send(f"head -n 1 {file} >/tmp/typed & echo read$?\r")
    person.expect(r"\nread0")
    person.send(CTRL_A + key)
    person.expect(f"--- {name} ---")
    person.send("to the other one\r")
    person.send(CTRL_A + "1")
    person.expect("uart0")
    person.send("wait; echo got $(cat /tmp/typed)\r")
    person.expect(r"\ngot to the other one")
    person.expect(PROMPT)


def kill(person, server):
    person.send(CTRL_A + "m")
    person.expect("monitor")
    person.send(f"\rkill {server}\r")
    person.expect(f"kill {server}: done")
    person.send(CTRL_A + "1")
    person.expect("uart0")
    person.send("\r")
    person.expect(PROMPT)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("skink")
    parser.add_argument("manifest")
    parser.add_argument("second")
    parser.add_argument("vms", nargs="+")
    parser.add_argument("--kill", nargs="*", default=[])
    parser.add_argument("--typed", nargs=3)
    given = parser.parse_args()
    person = pexpect.spawn(given.skink, ["run", given.manifest], timeout=SECONDS, dimensions=(40, 100), encoding="utf-8",
                           codec_errors="replace")
    person.logfile_read = sys.stdout
    person.delaybeforesend = None
    person.expect("Ctrl-A m: monitor, Ctrl-A x: leave")
    person.expect(f"Ctrl-A 2: {given.second} of VM")
    person.expect("a shell follows")
    person.expect(PROMPT)
    answers(person, 6)
    person.send(CTRL_A + "2")
    person.expect(given.second)
    person.send("\r")
    person.expect(PROMPT)
    answers(person, 8)
    if given.second.startswith("hvc"):
        size_follows(person)
    person.send(CTRL_A + "m")
    person.expect("monitor")
    person.send("\rvms\r")
    for vm in given.vms:
        person.expect(f"{vm} +running")
    person.send(CTRL_A + "1")
    person.expect("uart0")
    for number, server in enumerate(given.kill, 10):
        kill(person, server)
        answers(person, number)
    if given.typed:
        typed(person, *given.typed)
    person.send(CTRL_A + "x")
    person.expect(pexpect.EOF)
    person.close()
    print(f"\nexit status {person.exitstatus}, signal {person.signalstatus}")
    return 0 if person.exitstatus == 0 else 1


sys.exit(main())

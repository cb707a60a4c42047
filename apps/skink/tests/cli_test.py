#!/usr/bin/env python3
"""Command lines, images and graphs: what is refused, with which words. cli_test.py SKINK"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import fixture
from fixture import elf, linux_image, manifest

SKINK = os.path.abspath(sys.argv.pop(1))


class Case(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        self.folder = fixture.Folder(self.root, SKINK)

    def refused(self, text, command, *arguments, status=2):
        code, out, err = self.folder.run(command, *arguments)
        self.assertEqual((code, out), (status, ""), err)
        self.assertIn(text, err)
        return err

    def accepted(self, command, *arguments):
        code, out, err = self.folder.run(command, *arguments)
        self.assertEqual(code, 0, err)
        return out + err


class Arguments(Case):
    def test_commands(self):
        def run(*arguments):
            return subprocess.run([SKINK, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(run().returncode, 2)
        self.assertIn("unknown command 'rum'", run("rum").stderr)
        self.assertEqual(run("rum").returncode, 2)
        for arguments in (["--help"], ["help"], ["run", "--help"], ["check", "-h"], ["graph", "-h"], ["pack", "-h"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("xamples", done.stdout)

    def test_options(self):
        one = manifest("one.dts")
        self.refused("unknown option --kernal", "run", "--kernal", "x")
        self.refused("did you mean --timeout", "run", "--time", "3")
        self.refused("--batch is no option of `skink check`", "check", "--batch", one)
        self.refused("--mem is 'many'; expected a number from 16", "run", "--mem", "many")
        self.refused("--mem is '-5'", "run", "--mem=-5")
        self.refused("--cores is '9'", "run", "--cores", "9")
        self.refused("--vcpus is '0'", "run", "--vcpus", "0")
        self.refused("--timeout lacks its value", "run", "--timeout")
        self.refused("--icount takes no value", "run", "--icount=yes")
        self.refused("one argument too many", "run", one, one)
        self.refused("unknown option -x", "run", "-x")
        self.refused("--monitor needs --batch", "run", "--monitor", "list")
        self.refused("--when 'x' has no --monitor", "run", "--batch", "--when", "x")
        self.refused("--when 'x' has no --monitor", "run", "--batch", "--when", "x", "--when", "y", "--monitor", "z")
        self.refused("--when 'y' has no --monitor", "run", "--batch", "--when", "x", "--monitor", "z", "--when", "y")
        self.refused("--monitor is empty", "run", "--batch", "--monitor", "")
        self.refused("no manifest", "check")
        self.refused("no output", "pack", one)
        self.refused("expected dot, svg", "graph", "--format", "gif", one)

    def test_manifest_file(self):
        self.refused("no.dts: error: can't be read: No such file", "run", "--manifest", "no.dts")
        self.refused("Is a directory", "check", self.root)
        self.refused("syntax error", "check", self.folder.put("empty.dts", b""))
        self.refused("error", "check", self.folder.put("noise.dts", bytes(range(256)) * 10))
        self.refused("no flattened devicetree", "check", self.folder.put("short.dtb", b"\xd0\x0d\xfe\xed" + b"\0" * 30))

    def test_command_line_is_named(self):
        self.refused("--kernel: error: /vms/linux: `kernel`", "run", "--kernel", "/no/file")
        self.refused("/no/file", "run", "--initrd", "/no/file")
        self.refused("--machine-mem: error: /platform: `memory` is 64 MiB; expected", "run", "--machine-mem", "64")
        self.refused("No such file", "run", "--dtb", "/no/file")
        self.refused("can't be written", "run", "--log", "/no/folder/file")


class Check(Case):
    def test_good(self):
        self.assertIn("no errors, 0 warnings", self.accepted("check", manifest("one.dts")))
        blob = self.folder.path("one.dtb")
        subprocess.run(["dtc", "-q", "-O", "dtb", "-o", blob, manifest("one.dts")], check=True)
        self.assertIn("no errors", self.accepted("check", blob))

    def test_shipped(self):
        for name in sorted(os.listdir(fixture.MANIFESTS)):
            if name.endswith(".dts"):
                self.assertIn("no errors, 0 warnings", self.accepted("check", "--no-images", manifest(name)))

    def test_binary_has_no_lines(self):
        blob = self.folder.path("bad.dtb")
        subprocess.run(["dtc", "-q", "-O", "dtb", "-o", blob, "-"], check=True,
                       input=b'/dts-v1/; / { compatible = "skink,system-1"; };')
        self.refused("bad.dtb: error: / has no node `platform`", "check", blob)

    def test_missing_image(self):
        os.unlink(self.folder.path("aarch64/images/uart"))
        os.unlink(self.folder.path("guest/initrd"))
        err = self.refused("one.dts:", "check", manifest("one.dts"))
        self.assertRegex(err, r"one\.dts:\d+: error: /servers/uart0: `image` names `uart`, but there is no such")
        self.assertRegex(err, r"one\.dts:\d+: error: /vms/linux: `initrd` names `initrd`, but there is no such file")
        self.assertIn("2 errors", err)

    def test_server_images(self):
        for data, text in ((b"hello", "is no ELF file"), (b"", "is no ELF file"),
                           (fixture.SERVER[:70], "is a damaged ELF"),
                           (elf([(5, 0x400000, b"x", 1)], machine=62), "for another machine"),
                           (elf([(5, 0x400000, b"x", 1)], kind=3), "fixed address"), (elf([]), "nothing to load"),
                           (elf([(5, 0x10000000, b"x", 1)]), "outside a server's image range"),
                           (elf([(5, 0x400000, b"xx", 1)]), "a segment lies outside")):
            self.folder.put("aarch64/images/rtc", data)
            self.refused(text, "check", manifest("one.dts"))

    def test_kernels(self):
        for data, text in ((b"", "no magic"), (b"\x1f\x8b" + b"x" * 100, "compressed with gzip"),
                           (b"MZ\0\0zimg" + b"x" * 100, "zboot"), (fixture.SERVER, "kernel-format = \"elf\""),
                           (linux_image(image_size=1 << 40), "expected it to fit"),
                           (linux_image(offset=(1 << 64) - 1), "expected it to fit")):
            path = self.folder.put("kernel", data)
            self.refused(text, "run", "--kernel", path)
        self.refused("is empty", "run", "--initrd", self.folder.put("empty", b""))
        self.refused("is no flattened devicetree", "run", "--dtb", self.folder.put("dtb", b"x" * 100))
        self.refused("larger than half", "run", "--initrd", self.folder.put("large", b"x" * (9 << 20)), "--mem", "16")

    def test_replacements(self):
        run = ("run", "--dry-run", "--qemu", "echo-qemu")
        self.assertIn("-smp 3 ", self.accepted(*run, "--cores", "3"))
        self.assertIn("-m 1024 ", self.accepted(*run, "--mem", "512"))
        self.assertRegex(self.accepted(*run, "--mem", "2048"), r"-m 21\d\d ")
        self.assertIn("-cpu max ", self.accepted(*run, "--cpu", "max"))
        self.assertIn("-icount shift=0,sleep=off", self.accepted(*run, "--icount"))
        self.accepted(*run, "--vcpus", "4", "--cores", "4", "--kernel", self.folder.path("guest/linux"))


class Disks(Case):
    RUN = ("run", "--dry-run", "--qemu", "echo-qemu", manifest("disk.dts"))

    def setUp(self):
        super().setUp()
        self.disk = self.folder.put("disk.img", b"\0" * 4096)

    def test_on_their_transports(self):
        told = self.accepted(*self.RUN, "--disk", self.disk)
        self.assertIn("-global virtio-mmio.force-legacy=false -drive if=none,id=disk0,format=raw,discard=unmap,"
                      f"file={self.disk} -device virtio-blk-device,drive=disk0,serial=skink0,bus=virtio-mmio-bus.0",
                      told)
        self.assertNotIn("virtio-mmio", self.accepted(*self.RUN))

    def test_on_pci(self):
        told = self.accepted("run", "--dry-run", "--qemu", "echo-qemu", manifest("disk-pci.dts"), "--disk", self.disk)
        self.assertIn("-device virtio-blk-pci,drive=disk0,serial=skink0,bus=pcie.0,addr=1.0,disable-legacy=on,romfile=",
                      told)
        self.assertNotIn("bus=virtio-mmio", told)

    def test_ways_to_open_it(self):
        self.assertIn(",readonly=on,file=" + self.disk + " ", self.accepted(*self.RUN, "--disk", self.disk + ",ro"))
        self.assertIn(",snapshot=on,file=" + self.disk + " ",
                      self.accepted(*self.RUN, "--disk", self.disk + ",snapshot"))
        comma = self.folder.put("a,readonly=on.img", b"\0" * 512)
        self.assertIn("file=" + comma.replace(",", ",,") + " ", self.accepted(*self.RUN, "--disk", comma))

    def test_what_is_no_disk(self):
        self.refused("can't be opened for writing: No such file", *self.RUN, "--disk", "/no/file")
        self.refused("can't be opened: No such file", *self.RUN, "--disk", "/no/file,ro")
        self.refused("is no raw disk image", *self.RUN, "--disk", self.folder.put("empty", b""))
        self.refused("is no raw disk image", *self.RUN, "--disk", self.folder.put("odd", b"x" * 513))
        self.refused("is no raw disk image", *self.RUN, "--disk", self.root + ",ro")
        self.refused("--disk lacks its value", *self.RUN, "--disk")
        self.refused("--disk is no option of `skink check`", "check", "--disk", self.disk, manifest("disk.dts"))

    def test_a_driver_for_each(self):
        self.refused("--disk is given 2 times, but", *self.RUN, "--disk", self.disk, "--disk", self.disk)
        self.refused("has drivers for 0", "run", "--dry-run", "--disk", self.disk, manifest("one.dts"))


class Entropy(Case):
    def setUp(self):
        super().setUp()
        for name in ("rng_driver", "virtio_rng", "fallback"):
            self.folder.put("aarch64/images/" + name, fixture.SERVER)

    def test_a_source_for_each_driver(self):
        told = self.accepted("run", "--dry-run", "--qemu", "echo-qemu", manifest("virtio.dts"))
        self.assertIn("-global virtio-mmio.force-legacy=false -device virtio-rng-device,bus=virtio-mmio-bus.16", told)
        self.assertEqual(told.count("virtio-rng-device"), 1)
        self.assertNotIn("virtio-rng", self.accepted("run", "--dry-run", "--qemu", "echo-qemu", manifest("one.dts")))


class Networks(Case):
    RUN = ("run", "--dry-run", "--qemu", "echo-qemu")
    USER = "-global virtio-mmio.force-legacy=false -netdev user,id=net0"

    def test_by_default(self):
        self.assertIn(self.USER + " -device virtio-net-device,netdev=net0,bus=virtio-mmio-bus.8",
                      self.accepted(*self.RUN, manifest("net.dts")))
        self.assertNotIn("netdev", self.accepted(*self.RUN, "--batch", manifest("net.dts")))
        self.assertNotIn("netdev", self.accepted(*self.RUN, manifest("one.dts")))

    def test_as_told(self):
        self.assertIn(self.USER, self.accepted(*self.RUN, "--batch", "--net", "user", manifest("net.dts")))
        self.assertNotIn("netdev", self.accepted(*self.RUN, "--net", "none", manifest("net.dts")))
        self.folder.put("aarch64/images/bench_probe", fixture.SERVER)
        self.folder.put("guest/bench.img", fixture.linux_image())
        hub = self.accepted(*self.RUN, "--net", "hub", manifest("bench-net.dts"))
        self.assertIn("-netdev hubport,id=net1,hubid=0 "
                      "-device virtio-net-device,netdev=net1,bus=virtio-mmio-bus.16", hub)
        self.assertNotIn("tx=timer", hub)
        self.assertIn("tx=timer,bus=virtio-mmio-bus.8",
                      self.accepted(*self.RUN, "--net", "hub", "--icount", manifest("bench-net.dts")))
        self.refused("--net is 'tap'; expected user, hub or none", *self.RUN, "--net", "tap", manifest("net.dts"))
        self.refused("has no driver for a network", *self.RUN, "--net", "user", manifest("one.dts"))
        self.refused("--net is no option of `skink check`", "check", "--net", "user", manifest("net.dts"))

    def test_forwards(self):
        self.assertIn(self.USER + ",hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp:127.0.0.1:1-:65535 ",
                      self.accepted(*self.RUN, "--forward", "8080:80", "--forward", "1:65535", manifest("net.dts")))
        for wrong in ("80", "80:", ":80", "80:0", "0:80", "80:65536", "80:80x", "80:80:80", "99999999999:80", "a:b", ""):
            self.refused(f"--forward is '{wrong}'; expected two ports", *self.RUN, "--forward", wrong, manifest("net.dts"))
        self.refused("--forward needs a network", *self.RUN, "--batch", "--forward", "1:2", manifest("net.dts"))
        self.refused("--forward needs a network", *self.RUN, "--net", "none", "--forward", "1:2", manifest("net.dts"))
        self.refused("has no driver for a network", *self.RUN, "--forward", "1:2", manifest("one.dts"))


class Default(Case):
    """The default system: its root, further disks, and what is left out of it when there is nothing for it."""
    RUN = ("run", "--dry-run", "--verbose", "--qemu", "echo-qemu")
    DISK = " -device virtio-blk-device,drive=disk%u,serial=skink%u,bus=virtio-mmio-bus.%u"

    def setUp(self):
        super().setUp()
        self.disk = self.folder.put("disk.img", b"\0" * 4096)
        self.root_image = self.folder.path("guest/root.img")

    def left_out(self, told):
        return set(re.findall("without (/[^:]*): nothing is behind it", told))

    def test_root(self):
        told = self.accepted(*self.RUN)
        self.assertIn(f",snapshot=on,file={self.root_image}" + self.DISK % (0, 0, 0), told)
        told = self.accepted(*self.RUN, "--root", self.disk)
        self.assertIn(f"discard=unmap,file={self.disk}" + self.DISK % (0, 0, 0), told)
        self.assertNotIn(self.root_image, told)
        self.refused("--root: '/no/file' can't be opened for writing", *self.RUN, "--root", "/no/file")
        self.refused("has no disk with a property `image`", *self.RUN, "--root", self.disk, manifest("one.dts"))
        os.unlink(self.root_image)
        self.refused("`image` names `root.img`, but there is no such file", *self.RUN)
        self.accepted(*self.RUN, "--root", self.disk)

    def test_further_disks(self):
        told = self.accepted(*self.RUN, "--disk", self.disk + ",ro")
        self.assertIn(f"readonly=on,file={self.disk}" + self.DISK % (1, 1, 24), told)
        self.assertEqual(self.left_out(told), self.disks(2, 3, 4, 5))
        told = self.accepted(*self.RUN, *(["--disk", self.disk] * 3))
        self.assertEqual(self.left_out(told), self.disks(4, 5))
        told = self.accepted(*self.RUN, *(["--disk", self.disk] * 5))
        for number, device in ((2, 1), (3, 2), (4, 3), (5, 4)):
            self.assertIn(f" -device virtio-blk-pci,drive=disk{number},serial=skink{number},bus=pcie.0,addr={device}.0,",
                          told)
        self.assertEqual(self.left_out(told), set())
        self.refused("--disk is given 6 times, but", *self.RUN, *(["--disk", self.disk] * 6))
        self.refused("has drivers for 5; expected no more, or", *self.RUN, *(["--disk", self.disk] * 6))

    @staticmethod
    def disks(*numbers):
        """What there is of further disks, and of the bus if none of them is on it."""
        found = {"/servers/pci0"} if 2 in numbers else set()
        for i in numbers:
            found |= {f"/servers/blk{i}", f"/servers/vblk{i}", f"/channels/disk{i}",
                      f"/vms/linux/virtio_mmio@{0xa000600 + 0x200 * i:x}"}
        return found

    def test_what_is_left_out(self):
        second = self.disks(1, 2, 3, 4, 5)
        network = {"/servers/switch0", "/servers/net0", "/servers/vnet0", "/channels/uplink", "/channels/vnet0",
                   "/vms/linux/virtio_mmio@a000200"}
        self.assertEqual(self.left_out(self.accepted(*self.RUN)), second)
        self.assertEqual(self.left_out(self.accepted(*self.RUN, "--disk", self.disk)), self.disks(2, 3, 4, 5))
        self.assertEqual(self.left_out(self.accepted(*self.RUN, "--net", "none")), second | network)
        self.assertEqual(self.left_out(self.accepted(*self.RUN, "--batch")), second | network)
        self.assertEqual(self.left_out(self.accepted(*self.RUN, "--batch", "--net", "user")), second)

    def test_somebody_else_needs_it(self):
        path = self.folder.put("needs.dts", b'/dts-v1/;\n/include/ "%s"\n&rtc0 { uses = <&blk1>; };\n'
                               % manifest("default.dts").encode())
        self.refused("`uses` refers to `nothing`, which is no server", *self.RUN, path)

    def test_no_device(self):
        path = self.folder.put("no.dts", b'/dts-v1/;\n/include/ "%s"\n&rtc0 { only-with = <&uart0>; };\n'
                               % manifest("one.dts").encode())
        self.refused("`only-with` refers to `uart0`, which is no device of the platform", *self.RUN, path)


class Inject(Case):
    def setUp(self):
        super().setUp()
        self.folder.put("aarch64/images/inject", fixture.SERVER)
        self.folder.put("aarch64/guest/load.img", fixture.linux_image())

    def test_a_host_that_is_busy(self):
        """A boot that does not end in its time is run once more, with more of it, before that is taken for the fault's doing."""
        for sleeps, lines in ((["600", "600"], 2), (["600", "0"], 2), (["0"], 1)):
            starts = self.folder.path("starts")
            script = self.folder.put("slow-qemu", f'''#!/bin/sh
echo start >>"{starts}"
set -- {" ".join(sleeps)}
[ "$(wc -l <"{starts}")" -lt 2 ] || shift
exec sleep "$1"
'''.encode())
            os.chmod(script, 0o755)
            done = subprocess.run([SKINK, "inject", "--build", self.folder.root, "--out", self.folder.path("results"),
                                   "--faults", "1", "--timeout", "1", "--jobs", "1", "--qemu", script],
                                  capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
            self.assertNotIn(done.returncode, (0, 2), done.stderr)
            with open(starts, encoding="utf-8") as file:
                self.assertEqual(len(file.readlines()), lines, done.stderr)
            os.unlink(starts)

    def test_a_machine_that_repeats(self):
        """The disk has two devices, by one of which the other's work is ended; the network leads back."""
        disk = self.folder.put("disk.img", b"\0" * 4096)
        run = ("run", "--dry-run", "--qemu", "echo-qemu", "--icount", "--net", "hub", "--disk", disk)
        told = self.accepted(*run, manifest("campaign.dts"))
        self.assertIn("-global virtio-mmio.ioeventfd=off ", told)
        self.assertIn(f"file={disk},node-name=medium ", told)
        self.assertIn("drive=disk0,serial=skink0,bus=virtio-mmio-bus.0,share-rw=on "
                      "-device virtio-blk-device,drive=medium,share-rw=on,bus=virtio-mmio-bus.1 ", told)
        self.assertIn("-netdev hubport,id=net0,hubid=0 -device virtio-net-device,netdev=net0,tx=timer,bus=virtio-mmio-bus.8",
                      told)
        self.assertIn("-netdev hubport,id=net1,hubid=0 -device virtio-net-pci,netdev=net1,tx=timer,", told)

    def test_wrong_options(self):
        out = ("inject", "--out", self.folder.path("results"))
        self.refused("--load is 'disk'; expected all, console, blk, net, linux", *out, "--load", "disk")
        for wrong in ("0/2", "3/2", "1", "a/b", "1/2x", "1/"):
            self.refused(f"--shard is '{wrong}'; expected I/N", *out, "--shard", wrong)
        self.refused("--per-boot is '65'", *out, "--per-boot", "65")
        self.refused("--faults is '-1'", *out, "--faults", "-1")
        self.refused("faults.csv' can't be read", *out, "--merge", self.folder.path("none"))
        self.folder.put("bad/faults.csv", b"seed\n")
        self.refused("is no table of faults; expected the header seed,", *out, "--merge", self.folder.path("bad"))
        self.refused("--faults is no option of `skink run`", "run", "--faults", "1")
        self.refused("can't be made", "inject", "--out", self.folder.put("file", b"") + "/x")


class Graph(Case):
    def test_dot(self):
        for name in sorted(os.listdir(fixture.MANIFESTS)):
            if name.endswith(".dts"):
                dot = self.accepted("graph", manifest(name))
                self.assertIn("digraph", dot)
                subprocess.run(["dot", "-Tplain"], input=dot.encode(), check=True, capture_output=True, timeout=60)

    def test_content(self):
        dot = self.accepted("graph", manifest("one.dts"))
        for text in ("VM linux", "pl011@9000000", 'label="sched"', "line 33", "stream 1", "stream M", "interrupt 33"):
            self.assertIn(text, dot)

    def test_quotes(self):
        path = self.folder.put("q.dts", b'/dts-v1/;\n/include/ "%s"\n/ { model = "a \\"b\\" \\\\ c"; };\n'
                               % manifest("one.dts").encode())
        subprocess.run(["dot", "-Tplain"], input=self.accepted("graph", path).encode(), check=True, capture_output=True)

    def test_picture(self):
        self.accepted("graph", manifest("one.dts"), "-o", self.folder.path("one.svg"))
        with open(self.folder.path("one.svg"), encoding="utf-8") as file:
            self.assertIn("<svg", file.read())


if __name__ == "__main__":
    unittest.main()

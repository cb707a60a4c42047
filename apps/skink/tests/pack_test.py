#!/usr/bin/env python3
"""The boot image, read back by an independent reader. pack_test.py SKINK"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import fixture
from fixture import manifest

SKINK = os.path.abspath(sys.argv.pop(1))
PAGE = 4096
SEGMENT = struct.Struct("<QQQQII")
DEVICE = struct.Struct("<QQ24s")


def name(raw):
    return raw.split(b"\0")[0].decode()


class Image:
    """sk/boot.h and sk/start.h, from the documentation and not from the tool's code."""

    def __init__(self, data):
        self.data = data
        self.at = 0x5000  # the fixture's kernel says that it ends there in memory
        fields = struct.unpack_from("<QIIQQQQQQQQQIIII8Q", data, self.at)
        (self.magic, self.version, self.cores, self.ram, self.ram_bytes, self.gicd, self.gicr, self.uart, self.bytes,
         self.archive_at, self.archive_bytes, self.entry, self.objects, segments, devices, _) = fields[:16]
        self.mpidr = fields[16:24]
        where = self.at + struct.calcsize("<QIIQQQQQQQQQIIII8Q")
        self.segments = [SEGMENT.unpack_from(data, where + i * SEGMENT.size) for i in range(segments)]
        where += 8 * SEGMENT.size
        self.devices = [DEVICE.unpack_from(data, where + i * DEVICE.size) for i in range(devices)]

    def segment(self, address):
        return next(s for s in self.segments if s[1] == address)

    def contents(self, segment):
        return self.data[self.at + segment[0]:][:segment[2]]

    def files(self):
        """cpio newc, by cpio(5): {name: (offset in the archive, data)}."""
        archive = self.data[self.at + self.archive_at:][:self.archive_bytes]
        found, at = {}, 0
        while True:
            assert archive[at:at + 6] == b"070701", at
            size, length = int(archive[at + 54:at + 62], 16), int(archive[at + 94:at + 102], 16)
            entry = name(archive[at + 110:at + 110 + length])
            assert archive[at + 110 + length - 1] == 0
            body = (at + 110 + length + 3) // 4 * 4
            if entry == "TRAILER!!!":
                return found
            found[entry] = (body, archive[body:body + size])
            at = (body + size + 3) // 4 * 4


class Pack(unittest.TestCase):
    def setUp(self):
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        self.folder = fixture.Folder(root, SKINK)

    def pack(self, *arguments):
        path = self.folder.path("system.img")
        system = [] if any(word.endswith(".dts") for word in arguments) else [manifest("one.dts")]
        code, out, err = self.folder.run("pack", *arguments, *system, "-o", path)
        self.assertEqual((code, out), (0, ""), err)
        with open(path, "rb") as file:
            return Image(file.read())

    def test_machine(self):
        image = self.pack("--cores", "3")
        self.assertEqual((image.magic, image.version, image.cores), (0x544F4F424B4B5331, 1, 3))
        self.assertEqual((image.ram, image.ram_bytes), (0x40000000, 1 << 30))
        self.assertEqual((image.gicd, image.gicr, image.uart), (0x08000000, 0x080A0000, 0x09000000))
        self.assertEqual(image.mpidr[:3], (0, 1, 2))
        self.assertEqual([(base, size, name(n)) for base, size, n in image.devices],
                         [(0x09000000, 0x1000, "pl011@9000000")])
        self.assertGreaterEqual(image.objects, 256)

    def test_kernel(self):
        image = self.pack()
        self.assertEqual(image.data[64:len(fixture.KERNEL)], fixture.KERNEL[64:])
        self.assertEqual(image.data[len(fixture.KERNEL):0x5000].strip(b"\0"), b"")
        self.assertEqual(struct.unpack_from("<Q", image.data, 16)[0], len(image.data))
        self.assertEqual(image.at + image.bytes, image.at + image.archive_at + image.archive_bytes)
        self.assertEqual(image.archive_at % PAGE, 0)

    def test_supervisor(self):
        image = self.pack()
        self.assertEqual(image.entry, 0x400000)
        text, data = image.segment(0x400000), image.segment(0x402000)
        self.assertEqual((text[4], data[4]), (1 | 4, 1 | 2))
        self.assertEqual(image.contents(text), b"text" * 1000)
        self.assertEqual(image.contents(data), b"\0" * 16 + b"data" * 10)
        self.assertEqual(data[3], 16 + 5000)
        stack, heap = image.segment(0x221000), image.segment(0x10000000)
        self.assertEqual((stack[2], stack[3], stack[4]), (0, 0xF000, 3))
        self.assertEqual((heap[2], heap[3], heap[4]), (0, 512 << 10, 3))
        for offset, address, file_bytes, memory_bytes, _, _ in image.segments:
            self.assertEqual((offset % PAGE, address % PAGE), (0, 0))
            self.assertLessEqual(file_bytes, memory_bytes)
            self.assertLessEqual(offset + file_bytes, image.archive_at)

    def test_start_page(self):
        image = self.pack()
        start = image.segment(0x200000)
        self.assertEqual((start[2], start[3], start[4]), (8192, 8192, 1))
        page = image.contents(start)
        magic, instance, threads, caps, regions, hertz, base = struct.unpack_from("<QIIIIQQ", page)
        self.assertEqual((magic, instance, threads, hertz, base), (0x54525453444B5331, 0, 1, 62500000, 0x400000))
        buffers, stacks = struct.unpack_from("<8Q8Q", page, 40)[0], struct.unpack_from("<8Q8Q", page, 40)[8]
        self.assertEqual((buffers, stacks), (0x210000, 0x230000))
        at = 40 + 128 + 32 + 8
        self.assertEqual(name(page[at:at + 24]), "supervisor")
        at += 24 + 512
        found = [struct.unpack_from("<24sII", page, at + i * 32) for i in range(caps)]
        self.assertEqual([(name(n), slot, kind) for n, slot, kind in found],
                         [("machine", 1, 10), ("space", 2, 2), ("thread", 3, 3), ("endpoint", 4, 5), ("archive", 5, 1),
                          ("ram", 6, 1), ("notification", 7, 6), ("device:pl011@9000000", 16, 1)])
        at += 96 * 32
        found = [struct.unpack_from("<24sQQII", page, at + i * 48) for i in range(regions)]
        self.assertEqual([(name(n), address, flags) for n, address, _, flags, _ in found],
                         [("archive", 0x4000000000, 0), ("heap", 0x10000000, 1)])
        self.assertEqual(found[0][2], image.archive_bytes)

    def test_archive(self):
        image = self.pack()
        files = image.files()
        self.assertEqual(sorted(files), ["console", "initrd", "linux", "manifest.dtb", "monitor", "rtc", "sched",
                                         "uart", "vmm"])
        for offset, _ in files.values():
            self.assertEqual(offset % PAGE, 0)
        self.assertEqual(files["linux"][1], fixture.linux_image())
        self.assertEqual(files["uart"][1], fixture.SERVER)
        archive = image.data[image.at + image.archive_at:][:image.archive_bytes]
        listed = subprocess.run(["cpio", "--quiet", "-t"], input=archive, capture_output=True, check=True)
        self.assertEqual(sorted(listed.stdout.decode().split()), sorted(files))

    def property(self, image, node, prop):
        blob = self.folder.put("read.dtb", image.files()["manifest.dtb"][1])
        return subprocess.run(["fdtget", blob, node, prop], capture_output=True, text=True, check=True).stdout.strip()

    def test_replacements(self):
        kernel = self.folder.put("my-kernel", fixture.linux_image(8192))
        image = self.pack("--kernel", kernel, "--append", "quiet 'x'", "--mem", "64", "--vcpus", "3")
        self.assertEqual(image.files()["linux.kernel"][1], fixture.linux_image(8192))
        self.assertNotIn("linux", image.files())
        self.assertEqual(self.property(image, "/vms/linux", "kernel"), "linux.kernel")
        self.assertEqual(self.property(image, "/vms/linux", "cmdline"), "quiet 'x'")
        self.assertEqual(self.property(image, "/vms/linux", "memory").split()[3], str(64 << 20))
        self.assertEqual(self.property(image, "/vms/linux", "vcpus"), "3")

    def test_epoch(self):
        args = self.property(self.pack(), "/servers/rtc0", "args")
        self.assertLess(abs(int(args.removeprefix("epoch=")) - time.time()), 60)
        text = f'/dts-v1/;\n/include/ "{manifest("one.dts")}"\n&rtc0 {{ args = "a", "epoch=now", "epoch=nowhere"; }};'
        path = self.folder.put("two.dts", text.encode())
        self.assertRegex(self.property(self.pack(path), "/servers/rtc0", "args"), r"^a epoch=\d+ epoch=nowhere$")

    def test_run(self):
        image = self.pack("--run", "echo \"it's\" $HOME; false")
        data = image.files()["linux.initrd"][1]
        begin = len(b"070701 as good as an initrd" * 100)
        begin += -begin % 512
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["cpio", "--quiet", "-i", "-d"], cwd=folder, input=data[begin:], check=True)
            with open(os.path.join(folder, "skink/run"), encoding="utf-8") as file:
                self.assertEqual(file.read(), "echo \"it's\" $HOME; false\n")

    def test_shared_page(self):
        self.folder.put("aarch64/images/supervisor",
                        fixture.elf([(5, 0x400000, b"x" * 100, 100), (6, 0x400800, b"y", 1)]))
        code, _, err = self.folder.run("pack", "-o", self.folder.path("x"), manifest("one.dts"))
        self.assertEqual(code, 2)
        self.assertIn("shares a page", err)

    def test_nothing_built(self):
        os.unlink(self.folder.path("aarch64/kernel/kernel.bin"))
        code, _, err = self.folder.run("pack", "-o", self.folder.path("x"), manifest("one.dts"))
        self.assertEqual(code, 2)
        self.assertIn("build/run", err)
        self.assertFalse(os.path.exists(self.folder.path("x")))


if __name__ == "__main__":
    unittest.main()

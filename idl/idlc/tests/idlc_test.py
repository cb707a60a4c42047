"""Tests of idlc as its users run it: outputs, messages, versions, command line.

    idlc_test.py IDLC SOURCE_DIR [unittest arguments]
    idlc_test.py IDLC SOURCE_DIR --update     rewrites tests/golden after a change that was meant

Every message in the compiler's source must be produced by some case (see test_every_message).
"""
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import corpus

IDLC = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 2 else None
SOURCE = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
TESTS = SOURCE / "tests" if SOURCE else None
SAMPLES = ["sample.idl", "transfer.idl", "gadget.idl", "trap.idl"]
SUPPORT = ["idl_fuzz.h", "idl_support.h"]
BAD = ["bad_lexical.txt", "bad_syntax.txt", "bad_types.txt", "bad_interfaces.txt"]
# Not to be had from a file: no memory, and a parser stack that the grammar's left recursion can't fill.
UNREACHABLE = {"no memory for the scanner", "nested too deeply, expected less",
               "unexpected %s, expected a declaration", "%s"}


def run(*arguments, cwd=None):
    return subprocess.run([IDLC, *arguments], cwd=cwd, capture_output=True, timeout=60)


class InFolder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="idlc-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.out = self.folder / "out"
        self.out.mkdir()

    def write(self, files):
        for name, text in files.items():
            if text is not None:
                (self.folder / name).write_bytes(text)

    def expect_messages(self, result, messages):
        wanted = [re.sub(r"^(\S+:\d+:\d+): ", r"\1: error: ", line) for line in messages]
        self.assertEqual(result.stderr.decode(errors="replace").splitlines(), wanted)
        self.assertEqual(result.returncode, 2 if messages else 0)


class Golden(InFolder):
    def test_outputs(self):
        result = run("--out", self.out, *SAMPLES, cwd=TESTS)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        golden = TESTS / "golden"
        names = sorted(path.name for path in self.out.iterdir())
        self.assertEqual(names, sorted([path.name for path in golden.iterdir()] + SUPPORT))
        for path in golden.iterdir():
            self.assertEqual((self.out / path.name).read_text(), path.read_text(), path.name)
        for name in SUPPORT:
            self.assertEqual((self.out / name).read_text(), (SOURCE / "support" / name).read_text())

    def test_order_and_documentation_do_not_change_the_hash(self):
        hashes = []
        for text in ("/// One.\nstruct p { x: u8; }\ninterface a = 1 { call b = 1 (c: p) -> () idempotent; event d = 2; }",
                     "interface a = 1 { event d = 2; call b = 1 (e: p) -> () idempotent budget 1s; }\nstruct p { x: u8; }",
                     "interface a = 1 { event d = 2; call b = 1 (e: p) -> () idempotent; }\nstruct p { x: u16; }"):
            self.write({"a.idl": text.encode()})
            self.assertEqual(run("--out", self.out, "a.idl", cwd=self.folder).returncode, 0)
            hashes.append(json.loads((self.out / "a.json").read_text())["interfaces"][0]["hash"])
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[1], hashes[2])


class Diagnostics(InFolder):
    def test_corpora(self):
        for name in BAD:
            for case in corpus.read(TESTS / name):
                with self.subTest(case=case.name):
                    self.write(case.files)
                    result = run("--out", self.out, *case.files, cwd=self.folder)
                    self.expect_messages(result, case.messages)
                    self.assertTrue(case.messages)
                    self.assertEqual(list(self.out.iterdir()), [])

    def test_many_errors_end(self):
        self.write({"a.idl": b"$" * 100})
        lines = run("a.idl", cwd=self.folder).stderr.splitlines()
        self.assertEqual(len(lines), 41)
        self.assertEqual(lines[-1], b"idlc: more than 40 errors, the rest are not shown")

    def test_every_message(self):
        seen = [line.split(": ", 1)[1] for name in BAD + ["released.txt"] for case in corpus.read(TESTS / name)
                for line in case.messages]
        call = re.compile(r'diagnostic_error\([^"]*?((?:"(?:[^"\\]|\\.)*"\s*)+)')
        for path in [*SOURCE.glob("*.c"), SOURCE / "lexer.l", SOURCE / "parser.y"]:
            for match in call.finditer(path.read_text()):
                if path.name == "diagnostic.c":
                    continue
                text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
                if text in UNREACHABLE:
                    continue
                pattern = re.sub(r"%(?:llu|llx|02llx|02x|[sdu])", ".*", re.escape(text).replace("\\%", "%"))
                self.assertTrue(any(re.fullmatch(pattern, line) for line in seen), f"{path.name}: no case for: {text}")


class Released(InFolder):
    def test_corpus(self):
        for case in corpus.read(TESTS / "released.txt"):
            with self.subTest(case=case.name):
                dump = self.folder / (case.name + ".json")
                if case.released[0].startswith("!"):
                    dump.write_text("".join(line[1:] + "\n" for line in case.released if line))
                else:
                    old = self.folder / "old"
                    old.mkdir(exist_ok=True)
                    (old / (case.name + ".idl")).write_text("\n".join(case.released))
                    self.assertEqual(run("--out", self.folder, case.name + ".idl", cwd=old).returncode, 0)
                self.write(case.files)
                result = run("--check-against", dump.name, "--out", self.out, *case.files, cwd=self.folder)
                self.expect_messages(result, case.messages)
                self.assertEqual(bool(list(self.out.iterdir())), not case.messages)
                for path in self.out.iterdir():
                    path.unlink()

    def test_samples_against_themselves(self):
        arguments = [part for name in SAMPLES
                     for part in ("--check-against", TESTS / "golden" / name.replace(".idl", ".json"))]
        self.expect_messages(run(*arguments, "--out", self.out, *SAMPLES, cwd=TESTS), [])


class CommandLine(InFolder):
    def test_help(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for suffix in (b"_client.h", b"_server.h", b"_kernel.h", b".json", b"--check-against"):
            self.assertIn(suffix, result.stdout)

    def test_report_writes_nothing(self):
        shutil.copy(TESTS / "transfer.idl", self.folder)
        result = run("--report", "transfer.idl", cwd=self.folder)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"0x7101  transfer.give  1 + 2 caps  ->  1 + 1 caps  LEAVES REGISTERS\n", result.stdout)
        self.assertIn(b"0x7105  transfer.nudge  0  ->  0\n", result.stdout)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"transfer.idl", "out"})

    def test_no_input(self):
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--nonsense").returncode, 2)

    def test_folder_missing(self):
        result = run("--out", self.folder / "nowhere", TESTS / "trap.idl")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"can't be written", result.stderr)

    def test_failure_keeps_the_old_outputs(self):
        self.write({"a.idl": b"interface a = 1 { event b = 1; }\n"})
        self.assertEqual(run("--out", self.out, "a.idl", cwd=self.folder).returncode, 0)
        before = {path.name: path.read_bytes() for path in self.out.iterdir()}
        self.write({"a.idl": b"interface a = 1 { event b = 64; }\n"})
        self.assertEqual(run("--out", self.out, "a.idl", cwd=self.folder).returncode, 2)
        self.assertEqual({path.name: path.read_bytes() for path in self.out.iterdir()}, before)


class Mutations(InFolder):
    """Damaged files give messages or outputs, never a crash. The seed is fixed: a failure comes again."""

    def damage(self, text, chance):
        words = text.split(b" ")
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(words))
            kind = chance.randrange(4)
            if kind == 0:
                del words[at]
                words = words or [b""]
            elif kind == 1:
                words.insert(at, chance.choice(words))
            elif kind == 2:
                words[at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
            else:
                words[at] = chance.choice([b"{", b"}", b";", b"99999999999", b"0", b"u8[3]", b"bytes<9>", b"kernel", b"/*"])
        return b" ".join(words)

    def test_damaged_samples(self):
        chance = random.Random(1)
        sources = [(TESTS / name).read_bytes() for name in SAMPLES]
        for number in range(400):
            text = self.damage(chance.choice(sources), chance)
            self.write({"a.idl": text})
            result = run("--out", self.out, "a.idl", cwd=self.folder)
            self.assertIn(result.returncode, (0, 2), f"mutation {number}: {result.stderr!r}")
            self.assertEqual(result.returncode == 2, bool(result.stderr), f"mutation {number}")


def update():
    golden = TESTS / "golden"
    golden.mkdir(exist_ok=True)
    for path in golden.iterdir():
        path.unlink()
    subprocess.run([IDLC, "--out", golden, *SAMPLES], cwd=TESTS, check=True)
    for name in SUPPORT:
        (golden / name).unlink()


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    else:
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

"""A kernel's ELF image: its symbols, the bytes of its sections, and its instructions with where each may go next.

What there is to know of AArch64 is here; stack.py and paths.py see blocks of instructions, calls and addresses.
"""
import re
import struct
import subprocess
import sys

LINE = re.compile(r"^ *([0-9a-f]+):\t(\S+)(?:\t(.*))?$")
NUMBER = re.compile(r"#(-?(?:0x)?[0-9a-f]+)")
TARGET = re.compile(r"\b([0-9a-f]{6,16}) <")
CONDITIONAL = re.compile(r"^(b\.\w+|cbn?z|tbn?z)$")
DATA = (".word", ".short", ".byte", ".xword", "...", "udf")
STT_FUNC = 2
SHT_SYMTAB, SHT_NOBITS, SHF_ALLOC = 2, 8, 2


def fail(text):
    sys.exit(f"{sys.argv[0].rsplit('/', 1)[-1]}: {text}")


class Instruction:
    """`target`: of a branch or a direct call. `table`: targets of a jump through a table. `constant`: what is in the
    register that it adds to the stack pointer."""

    def __init__(self, address, name, operands):
        self.address, self.name, self.operands = address, name, operands
        self.text = f"{name} {operands}".strip()
        self.target, self.table, self.constant = None, [], None
        if name in ("b", "bl") or CONDITIONAL.match(name):
            self.target = int(TARGET.search(operands).group(1), 16)

    @property
    def is_conditional(self):
        return CONDITIONAL.match(self.name) is not None

    @property
    def is_call(self):
        return self.name in ("bl", "blr")

    @property
    def is_end(self):
        """Nothing follows it."""
        return self.name in ("b", "ret", "br", "eret")

    def stack_bytes(self):
        """By how much it makes the stack deeper; None: it sets the stack pointer to something else."""
        operands = self.operands
        if self.name in ("add", "sub") and operands.startswith("sp, sp, #"):
            amount = int(NUMBER.search(operands).group(1), 0) << (12 if "lsl #12" in operands else 0)
            return amount if self.name == "sub" else -amount
        if self.constant is not None:
            return self.constant if self.name == "sub" else -self.constant
        if re.match(r"(mov|add|sub|and) ?$", self.name) and operands.startswith("sp,"):
            return None
        if self.name.startswith(("ld", "st")) and "[sp" in operands:
            written = re.search(r"\[sp, #(-?\d+)\]!", operands) or re.search(r"\[sp\], #(-?\d+)", operands)
            return -int(written.group(1)) if written else 0
        return 0


class Image:
    """`functions`: names by address. `code`: instructions by address. `taken`: addresses of functions that the code or
    the data has as a value, and where."""

    def __init__(self, path, objdump):
        self.path = path
        with open(path, "rb") as file:
            self.bytes = file.read()
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            fail(f"{path} is no ELF file of 64 bits, little-endian")
        self.sections, self.symbols, self.functions, self.sizes = [], {}, {}, {}
        self.read_sections()
        self.code = {}
        self.disassemble(objdump)
        self.functions = {address: name for address, name in self.functions.items() if address in self.code}
        self.starts = sorted(self.functions)
        self.find_large_frames()
        self.taken = {}
        self.find_addresses()

    def read_sections(self):
        at, = struct.unpack_from("<Q", self.bytes, 40)
        size, count = struct.unpack_from("<HH", self.bytes, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, at + i * size) for i in range(count)]
        for _, kind, flags, address, offset, length, link, _, _, _ in headers:
            if flags & SHF_ALLOC and kind != SHT_NOBITS:
                self.sections.append((address, self.bytes[offset:offset + length]))
            if kind == SHT_SYMTAB:
                self.read_symbols(offset, length, headers[link][4])

    def read_symbols(self, offset, length, strings):
        for at in range(offset, offset + length, 24):
            name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", self.bytes, at)
            text = self.bytes[strings + name:self.bytes.index(b"\0", strings + name)].decode()
            if not text or text.startswith("$") or section in (0, 0xfff1) or info & 15 > STT_FUNC:
                continue
            self.symbols.setdefault(text, []).append((value, size))
            if value not in self.functions or info & 15 == STT_FUNC:
                self.functions[value] = text
                self.sizes[value] = size

    def disassemble(self, objdump):
        done = subprocess.run([objdump, "-d", "--no-show-raw-insn", self.path], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            fail(f"{objdump} can't read {self.path}: {done.stderr.strip()}")
        for line in done.stdout.splitlines():
            match = LINE.match(line)
            if match and not match.group(2).startswith(DATA):
                address = int(match.group(1), 16)
                operands = (match.group(3) or "").split("//")[0].strip()
                self.code[address] = Instruction(address, match.group(2), operands)

    def word(self, address, size=8):
        for start, data in self.sections:
            if start <= address and address + size <= start + len(data):
                return int.from_bytes(data[address - start:address - start + size], "little")
        return None

    def function_at(self, address):
        """The function whose instruction this is."""
        low, high = 0, len(self.starts)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.starts[middle] <= address else (low, middle)
        return self.starts[low - 1]

    def name(self, address):
        return self.functions[self.function_at(address)]

    def find_large_frames(self):
        """mov x12, #bytes; sub sp, sp, x12."""
        for address, one in self.code.items():
            match = re.match(r"sp, sp, (x\d+)$", one.operands)
            if one.name not in ("add", "sub") or not match:
                continue
            before = [self.code.get(address - 4 * i) for i in range(1, 12)]
            setting = [other for other in before if other and other.operands.startswith(match.group(1) + ",")]
            if setting and setting[0].name == "mov" and (amount := NUMBER.search(setting[0].operands)):
                one.constant = int(amount.group(1), 0)

    def find_addresses(self):
        """Functions' addresses in data, in literal pools, or made of adrp and add; and the targets of jump tables."""
        text = range(min(self.code), max(self.code) + 4)
        for start, data in self.sections:
            for at in range(start, start + len(data) - 7, 8):
                if at not in self.code:
                    self.note_taken(self.word(at), at)
        pages, known = {}, {}
        for address in sorted(self.code):
            one = self.code[address]
            registers = one.operands.split(", ")
            if address in self.functions:
                pages, known = {}, {}
            if one.name == "ldr" and registers[1:] and (at := TARGET.match(registers[1])):
                self.note_taken(self.word(int(at.group(1), 16)), address)
            elif one.name in ("adrp", "adr") and (at := TARGET.search(one.operands)):
                pages[registers[0]] = int(at.group(1), 16)
                if one.name == "adr":
                    known[registers[0]] = pages[registers[0]]
                    self.note_taken(known[registers[0]], address)
            elif one.name == "add" and len(registers) == 3 and registers[1] in pages and registers[2].startswith("#"):
                known[registers[0]] = pages[registers[1]] + int(registers[2][1:], 0)
                if known[registers[0]] in text:
                    self.note_taken(known[registers[0]], address)
            elif one.name == "br":
                self.read_table(one, known)

    def note_taken(self, value, where):
        if value in self.functions and value in self.code:
            self.taken.setdefault(value, []).append(where)

    def read_table(self, jump, known):
        """ldrb wT, [table, index]; adr xB, base; add xJ, xB, wT, sxtb #2; br xJ, somewhere behind cmp index, #last."""
        before = [self.code.get(jump.address - 4 * i) for i in range(1, 4)]
        if None in before or [one.name for one in before[:2]] != ["add", "adr"] or \
           before[2].name not in ("ldrb", "ldrh"):
            return
        size = 1 if before[2].name == "ldrb" else 2
        table, index = re.match(r"\w+, \[(\w+), (\w+)", before[2].operands).groups()
        base = int(TARGET.search(before[1].operands).group(1), 16)
        start = self.function_at(jump.address)
        limits = [one.operands for address in range(start, jump.address, 4) if (one := self.code.get(address))
                  and one.name == "cmp" and self.code[address + 4].name in ("b.hi", "b.ls")
                  and one.operands.startswith(index + ", #")]
        if table not in known or not limits:
            return
        for i in range(int(limits[-1].split("#")[1], 0) + 1):
            entry = self.word(known[table] + i * size, size)
            entry -= (entry >> (8 * size - 1)) << (8 * size)
            target = base + 4 * entry
            if target not in self.code or self.function_at(target) != start:
                fail(f"the jump table at {known[table]:x} leads out of {self.functions[start]}")
            jump.table.append(target)

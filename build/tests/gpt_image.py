"""GUID partition tables for tests (UEFI 2.10, chapter 5): written here, so that the driver reads somebody else's."""
import binascii
import struct
import uuid

SECTOR = 512
ENTRIES = 128
TABLE_SECTORS = ENTRIES * 128 // SECTOR
FIRST = 2048  # sector of the first partition: whole MiB, as everybody has them
LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


def entry(index, first, sectors, name):
    unique = uuid.UUID(int=0x736b696e6b644973_8b00000000000100 + index)
    return LINUX.bytes_le + unique.bytes_le + struct.pack("<QQQ", first, first + sectors - 1, 0) + \
        name.encode("utf-16-le").ljust(72, b"\0")


def header(own, other, table, last, table_crc):
    def packed(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other, 2 + TABLE_SECTORS, last,
                           uuid.UUID(int=1).bytes_le, table, ENTRIES, 128, table_crc)
    return packed(binascii.crc32(packed(0))).ljust(SECTOR, b"\0")


def write(path, partitions):
    """Makes a disk of `partitions`, pairs of a name and a content; returns {name: (offset, bytes)} in the file."""
    table, places, at = b"", {}, FIRST
    for index, (name, content) in enumerate(partitions):
        sectors = -(-len(content) // SECTOR)
        table += entry(index, at, sectors, name)
        places[name] = (at * SECTOR, len(content))
        at += -(-sectors // FIRST) * FIRST
    table = table.ljust(ENTRIES * 128, b"\0")
    total = at + FIRST
    last = total - 2 - TABLE_SECTORS
    crc = binascii.crc32(table)
    mbr = (b"\0" * 446 + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xee, b"\xff" * 3, 1, total - 1)).ljust(510, b"\0")
    with open(path, "wb") as file:
        file.write(mbr + b"\x55\xaa" + header(1, total - 1, 2, last, crc) + table)
        for name, content in partitions:
            file.seek(places[name][0])
            file.write(content)
        file.seek((total - 1 - TABLE_SECTORS) * SECTOR)
        file.write(table + header(total - 1, 1, total - 1 - TABLE_SECTORS, last, crc))
    return places

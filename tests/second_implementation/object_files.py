# Reads a file of sealed objects, written from schema/store.md alone: prints id, length and SHA-256 of each object.
import hashlib
import sys
import zlib

with open(sys.argv[1], "rb") as file:
    rest = file.read()
while rest:
    header, rest = rest[:36], rest[36:]
    assert header[:8] == b"shosoin\x01", "not the beginning of a frame"
    length = int.from_bytes(header[24:32], "big")
    blob, rest = rest[:length], rest[length:]
    assert len(blob) == length, "the file ends inside a frame"
    assert zlib.crc32(header[:32] + blob) == int.from_bytes(header[32:36], "big"), "checksum"
    if header[8:24] == bytes(16):
        assert not any(blob), "a filler is of zeros"
        continue
    print(header[8:24].hex(), length, hashlib.sha256(blob).hexdigest())

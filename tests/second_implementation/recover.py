"""Restores a key-encryption key from the shares of a recovery kit, without any of Shosoin's code.

Written from schema/recovery-kit.md and schema/key-file.md alone. Needs the PyPI package `cryptography` for HKDF.

    recover.py FILE...        the key in hex; each file holds one share: its five lines, or the text of its QR code

Exit code 0 when the shares give the key that they name, 1 when not.
"""

import hashlib
import re
import sys

from unseal import key_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def read_lines(text):
    found = re.search(r"SHOSOIN-SHARE-1/([0-9A-Z]{20}(?:/[0-9A-Z]{20}){4})", text)
    if found:
        return found.group(1).split("/")
    lines = dict(re.findall(r"^([1-5]): ([0-9A-Z-]{24})$", text, re.MULTILINE))
    return [lines[str(n)].replace("-", "") for n in range(1, 6)]


def read_share(text):
    share = b""
    for number, line in enumerate(read_lines(text), 1):
        bits = 0
        for symbol in line[:16]:
            bits = bits << 5 | ALPHABET.index(symbol)
        data = bits.to_bytes(10, "big")
        first = share[:10] or data
        digest = hashlib.sha256(b"shosoin/v1/share-line" + bytes([number]) + first + data).digest()
        check = int.from_bytes(digest[:3], "big") >> 4
        stated = 0
        for symbol in line[16:]:
            stated = stated << 5 | ALPHABET.index(symbol)
        if check != stated:
            sys.exit(f"recover.py: line {number} does not fit its checksum")
        share += data
    return share


def multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def inverse(a):
    result = 1
    for _ in range(254):
        result = multiply(result, a)
    return result


def restore(shares):
    key = bytearray(32)
    for i, (xi, yi) in enumerate(shares):
        weight = 1
        for j, (xj, _) in enumerate(shares):
            if i != j:
                weight = multiply(weight, multiply(xj, inverse(xj ^ xi)))
        for at in range(32):
            key[at] ^= multiply(weight, yi[at])
    return bytes(key)


def main():
    shares = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            shares.append(read_share(file.read()))
    heads = {(share[0], share[2:18]) for share in shares}
    if len(heads) != 1 or shares[0][0] != 1 or len(shares) < shares[0][2]:
        sys.exit("recover.py: not enough shares of one kit")
    key = restore([(share[1], share[18:]) for share in shares[: shares[0][2]]])
    if key_id(key) != shares[0][10:18]:
        sys.exit("recover.py: the shares do not give the key that they name")
    print(key.hex())


if __name__ == "__main__":
    main()

"""Opens Shosoin's sealed objects, wrapped keys and key files without any of Shosoin's code.

Written from schema/sealed-object.md and schema/key-file.md alone, so that the archive stays readable without the
program that wrote it. Needs the PyPI package `cryptography`; for compressed objects also Python 3.14, or the PyPI
package `zstandard`, or the `zstd` command.

    unseal.py --dek HEX --context HEX --purpose N FILE       the plaintext of FILE, to standard output
    unseal.py --kek HEX --wrapped HEX --context HEX          the unwrapped DEK, in hex
    unseal.py --kek HEX --wrapped HEX --context HEX --purpose N FILE     both at once
    unseal.py --key-file PATH [--passphrase-file PATH] ...   in place of --kek

Exit code 0 when everything was authentic, 1 when something was not (nothing is written then), 2 for wrong usage.
"""

import argparse
import hmac
import struct
import subprocess
import sys
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER = struct.Struct(">4sBBBBQQQ16s")
CHUNK = 65536
TAG = 16


class Refused(Exception):
    """What was read is not what it should be."""


def hkdf(key, info, length, salt=None):
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)


def require(condition, message):
    if not condition:
        raise Refused(message)


def key_id(kek):
    return hkdf(kek, b"shosoin/v1/key-id", 8)


def read_key_file(text, passphrase):
    """schema/key-file.md; gives the keys by their ids"""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    require(1 <= len(lines) <= 8, "a key file has one to eight key lines")
    keys = {}
    for line in lines:
        parts = line.split("-")
        require(parts[:2] == ["SHOSOIN", "KEK"], "not a key line")
        if parts[2] == "1" and len(parts) == 5:
            kek = bytes.fromhex(parts[3])
        elif parts[2] == "2" and len(parts) == 10:
            require(passphrase is not None, "the key file needs --passphrase-file")
            kek = open_sealed_key(parts[3:], passphrase)
        else:
            raise Refused("a key line of another version or shape")
        require(len(kek) == 32, "the key is not 32 bytes long")
        require(hmac.compare_digest(key_id(kek), bytes.fromhex(parts[-1])), "the key does not match its key id")
        keys[key_id(kek)] = kek
    return keys


def open_sealed_key(fields, passphrase):
    memory, passes, lanes = (int(number) for number in fields[:3])
    require(memory <= 1 << 20 and passes <= 16 and lanes <= 16, "asks for more work than a key file may ask for")
    salt, nonce, sealed, stated = (bytes.fromhex(field) for field in fields[3:])
    opaque = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", passphrase))
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    aad = b"shosoin/v1/passphrase" + struct.pack(">III", memory, passes, lanes) + salt + stated
    return AESGCM(kdf.derive(opaque.encode())).decrypt(nonce, sealed, aad)


def unwrap(kek, wrapped, context):
    """schema/sealed-object.md, section 5"""
    require(len(wrapped) == 69, "a wrapped key is 69 bytes long")
    require(wrapped[0] == 1, f"unknown version {wrapped[0]} of a wrapped key")
    needed, nonce, sealed = wrapped[1:9], wrapped[9:21], wrapped[21:]
    require(needed == key_id(kek), f"needs the KEK {needed.hex()}, not {key_id(kek).hex()}")
    key = hkdf(kek, b"shosoin/v1/wrap", 32)
    return AESGCM(key).decrypt(nonce, sealed, b"shosoin/v1/dek" + needed + context)


def unseal(dek, context, purpose, data):
    """schema/sealed-object.md, sections 1 to 4"""
    require(len(data) >= HEADER.size, "shorter than a header")
    header = data[: HEADER.size]
    magic, version, found_purpose, codec, log2, reserved, stored_len, plain_len, salt = HEADER.unpack(header)
    require(magic == b"SHOS", "not a sealed object")
    require(version == 1, f"unknown version {version}")
    require(found_purpose == purpose, f"sealed for purpose {found_purpose}, not {purpose}")
    require(codec in (0, 1), f"unknown codec {codec}")
    require(log2 == 16 and reserved == 0, "chunk size or reserved bytes are not those of version 1")
    require(codec == 1 or stored_len == plain_len, "stored and plain length differ without compression")
    chunks = max(1, -(-stored_len // CHUNK))
    require(chunks < 2**32, "too many chunks")
    require(len(data) == HEADER.size + stored_len + TAG * chunks, "the length is not the one in the header")

    info = b"shosoin/v1/seal" + bytes([purpose]) + context
    okm = hkdf(dek, info, 39, salt)
    cipher, prefix = AESGCM(okm[:32]), okm[32:]
    stored = bytearray()
    for number in range(chunks):
        place = struct.pack(">IB", number, number == chunks - 1)
        start = HEADER.size + number * (CHUNK + TAG)
        chunk = data[start : start + CHUNK + TAG]
        stored += cipher.decrypt(prefix + place, chunk, header + context + bytes([purpose]) + place)
    plain = bytes(stored) if codec == 0 else decompress(bytes(stored), plain_len)
    require(len(plain) == plain_len, "does not decompress to the length in the header")
    return plain


def decompress(frame, length):
    """One zstd frame; the caller checks that it gave `length` bytes."""
    try:
        from compression import zstd  # Python 3.14

        return zstd.decompress(frame)
    except ImportError:
        pass
    try:
        import zstandard

        return zstandard.ZstdDecompressor().decompress(frame, max_output_size=length)
    except ImportError:
        return subprocess.run(["zstd", "-dcq"], input=frame, stdout=subprocess.PIPE, check=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dek", type=bytes.fromhex, metavar="HEX")
    parser.add_argument("--kek", type=bytes.fromhex, metavar="HEX")
    parser.add_argument("--key-file", metavar="PATH")
    parser.add_argument("--passphrase-file", metavar="PATH")
    parser.add_argument("--wrapped", type=bytes.fromhex, metavar="HEX")
    parser.add_argument("--context", type=bytes.fromhex, metavar="HEX", required=True)
    parser.add_argument("--purpose", type=int, metavar="N")
    parser.add_argument("file", nargs="?", metavar="FILE")
    args = parser.parse_args()
    if (args.dek is None) == (args.wrapped is None):
        parser.error("give either --dek, or --wrapped with --kek or --key-file")
    if args.wrapped is not None and (args.kek is None) == (args.key_file is None):
        parser.error("--wrapped needs either --kek or --key-file")
    if (args.file is None) != (args.purpose is None) or (args.file is None and args.dek is not None):
        parser.error("FILE and --purpose belong together")
    for name, value, length in (("dek", args.dek, 32), ("kek", args.kek, 32), ("context", args.context, 16)):
        if value is not None and len(value) != length:
            parser.error(f"--{name} is {length} bytes in hex")
    try:
        run(args)
    except InvalidTag:
        sys.exit("unseal.py: the bytes do not fit their key, context and place: altered, or of another record")
    except (Refused, ValueError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"unseal.py: {error}")


def key_for(args):
    """The key of the key file that the wrapped key names."""
    passphrase = None
    if args.passphrase_file is not None:
        with open(args.passphrase_file, encoding="utf-8") as file:
            passphrase = file.read(1026).removesuffix("\n")
    with open(args.key_file, encoding="utf-8") as file:
        keys = read_key_file(file.read(4097), passphrase)
    return keys.get(args.wrapped[1:9]) or next(iter(keys.values()))


def run(args):
    dek = args.dek
    if dek is None:
        kek = args.kek
        if kek is None:
            kek = key_for(args)
        dek = unwrap(kek, args.wrapped, args.context)
    if args.file is None:
        print(dek.hex())
        return
    with open(args.file, "rb") as file:
        plain = unseal(dek, args.context, args.purpose, file.read())
    sys.stdout.buffer.write(plain)


if __name__ == "__main__":
    main()

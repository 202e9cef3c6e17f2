#!/usr/bin/env python3
"""Checks a journal extract against a signed checkpoint, without any code of the archive.

Written from schema/journal.md alone. Needs Python 3.9 and the package `cryptography`.

    verify_journal.py EXTRACT.jsonl --checkpoint FILE --vkey FILE-OR-TEXT [--print]

Exit status: 0 all is proven, 1 something is wrong or not proven, 2 the command was not usable.
Take the verifier key (vkey) from a place that the operator of the archive cannot rewrite.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_NOTE_BYTES = 262_144
MAX_ENTRY_BYTES = 1_048_576
MAX_DETAILS_BYTES = 524_288
MAX_ACTOR_BYTES = 512
MAX_PROOF_HASHES = 64
# An entry in base64, a proof in hex, and room for whitespace.
MAX_LINE_BYTES = 2 * MAX_ENTRY_BYTES

ED25519 = b"\x01"
MEMBERS = ["v", "seq", "at", "actor", "act", "record", "details"]
REQUIRED = MEMBERS[:5]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
HASH = re.compile(r"[0-9a-f]{64}")


class Wrong(Exception):
    """Something does not check out; the message says what."""


# --- hashing -----------------------------------------------------------------------------------------------


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class RunningRoot:
    """The root over all leaves so far, keeping one hash for each complete subtree on the right edge."""

    def __init__(self):
        self.size = 0
        self.edge = []

    def add(self, leaf):
        size = self.size
        while size % 2 == 1:
            leaf = node_hash(self.edge.pop(), leaf)
            size //= 2
        self.edge.append(leaf)
        self.size += 1

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root


def root_from_inclusion(leaf, seq, size, proof):
    if seq >= size:
        raise Wrong(f"is not below the size {size} of the tree")
    node, last, result = seq, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Wrong("its proof is too long")
        if node % 2 == 1 or node == last:
            result = node_hash(sibling, result)
            while node % 2 == 0 and node > 0:
                node, last = node // 2, last // 2
        else:
            result = node_hash(result, sibling)
        node, last = node // 2, last // 2
    if last != 0:
        raise Wrong("its proof is too short")
    return result


# --- decoding ----------------------------------------------------------------------------------------------


def from_base64(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Wrong(f"{what} is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong(f"{what} is not base64 in its one spelling")
    return data


def from_json(data, what):
    def unique(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise Wrong(f"{what} has a member twice")
        return dict(pairs)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{what} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Wrong(f"{what} is not a JSON object")
    return value


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64


def check_name(name):
    bad = not name or len(name.encode()) > 256 or "+" in name
    if bad or any(c.isspace() or ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        raise Wrong(f"{name!r} cannot be the name of a log")


def read_entry(data):
    """The members of an entry, once its bytes are known to be its one spelling."""
    if len(data) > MAX_ENTRY_BYTES:
        raise Wrong("the entry is too long")
    entry = from_json(data, "the entry")
    if type(entry.get("v")) is not int or entry["v"] != 1:
        raise Wrong(f"the entry has format {entry.get('v')!r}, this program knows format 1")
    ordered = [name for name in MEMBERS if name in entry] == list(entry)
    if not ordered or any(name not in entry for name in REQUIRED):
        raise Wrong("the entry has missing, unknown or misplaced members")
    if not is_count(entry["seq"]):
        raise Wrong("seq is not a number of an entry")
    texts = [entry[name] for name in entry if name not in ("v", "seq")]
    if not all(isinstance(text, str) for text in texts):
        raise Wrong("a member of the entry is not text")
    if not TIME.fullmatch(entry["at"]):
        raise Wrong("at is not a time in its one spelling")
    actor = entry["actor"]
    if not 1 <= len(actor.encode("utf-8", "surrogatepass")) <= MAX_ACTOR_BYTES:
        raise Wrong("actor is empty or too long")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in actor):
        raise Wrong("actor has control characters")
    if "record" in entry and not UUID.fullmatch(entry["record"]):
        raise Wrong("record is not a UUID in its one spelling")
    if "details" in entry and len(from_base64(entry["details"], "details")) > MAX_DETAILS_BYTES:
        raise Wrong("details are too long")
    spelling = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    if spelling.encode("utf-8", "surrogatepass") != data:
        raise Wrong("the entry is not in its one spelling")
    return entry


# --- checkpoint --------------------------------------------------------------------------------------------


def read_vkey(text):
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Wrong("the verifier key is not NAME+ID+KEY")
    name, key_id, encoded = parts
    check_name(name)
    key = from_base64(encoded, "the verifier key")
    if len(key) != 33 or key[:1] != ED25519:
        raise Wrong("the verifier key is not an Ed25519 key")
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if expected.hex() != key_id:
        raise Wrong("the key id does not belong to the verifier key")
    return name, expected, Ed25519PublicKey.from_public_bytes(key[1:])


def signed_text(note, name, key_id, public_key):
    """The text of the note, once every signature of the key has verified, and there was one."""
    if any(ord(c) < 32 and c != "\n" for c in note):
        raise Wrong("the checkpoint has control characters")
    before, parted, signatures = note.rpartition("\n\n")
    if not parted or not signatures.endswith("\n"):
        raise Wrong("the checkpoint is not a signed note")
    text = before + "\n"
    verified = 0
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise Wrong("the checkpoint has a malformed signature line")
        signature = from_base64(parts[2], "a signature of the checkpoint")
        if len(signature) < 5:
            raise Wrong("a signature of the checkpoint is cut short")
        if parts[1] != name or signature[:4] != key_id:
            continue
        try:
            public_key.verify(signature[4:], text.encode())
        except InvalidSignature:
            raise Wrong(f"the signature of {name} on the checkpoint is wrong") from None
        verified += 1
    if not verified:
        raise Wrong(f"the checkpoint has no signature of {name} with the key id {key_id.hex()}")
    return text


def read_checkpoint(note, vkey):
    """Size and root of the checkpoint, verified."""
    name, key_id, public_key = read_vkey(vkey)
    lines = signed_text(note, name, key_id, public_key).split("\n")
    if len(lines) != 4:
        raise Wrong("the checkpoint is not three lines of origin, size and root")
    origin, size, root, _ = lines
    if origin != name:
        raise Wrong(f"the checkpoint is of the log {origin!r}, the key of {name!r}")
    if not NUMBER.fullmatch(size) or int(size) >= 2**64:
        raise Wrong("the size in the checkpoint is not a plain number")
    root = from_base64(root, "the root in the checkpoint")
    if len(root) != 32:
        raise Wrong("the root in the checkpoint is not 32 bytes")
    return int(size), root


# --- extract -----------------------------------------------------------------------------------------------


def read_line(data):
    """Stored bytes, and the proof with its tree size or None twice."""
    line = from_json(data, "the line")
    if "entry" not in line or set(line) - {"entry", "proof", "tree_size"}:
        raise Wrong("the line has missing or unknown members")
    if ("proof" in line) != ("tree_size" in line):
        raise Wrong("the line has proof or tree_size without the other")
    stored = from_base64(line["entry"], "the entry")
    if "proof" not in line:
        return stored, None, None
    proof, size = line["proof"], line["tree_size"]
    hashes = isinstance(proof, list) and all(isinstance(h, str) and HASH.fullmatch(h) for h in proof)
    if not hashes or len(proof) > MAX_PROOF_HASHES or not is_count(size):
        raise Wrong("the proof is not a list of at most 64 hashes with a tree size")
    return stored, [bytes.fromhex(h) for h in proof], size


class Extract:
    """Reads lines one by one, so that an extract of any length fits in memory."""

    def __init__(self, size, root):
        self.size, self.root = size, root
        self.running = RunningRoot()
        self.read = self.proven = self.without_proof = 0
        self.previous = -1
        self.problems = 0

    def line(self, number, data, show):
        self.read += 1
        try:
            stored, proof, tree_size = read_line(data)
            entry = read_entry(stored)
            seq = entry["seq"]
            if show:
                print(stored.decode())
            if seq <= self.previous:
                raise Wrong(f"entry {seq} comes after entry {self.previous}")
            self.previous = seq
            self.entry(seq, leaf_hash(stored), proof, tree_size)
        except Wrong as wrong:
            self.problem(f"line {number}: {wrong}")

    def entry(self, seq, leaf, proof, tree_size):
        if seq == self.running.size:
            self.running.add(leaf)
        if seq >= self.size:
            raise Wrong(f"entry {seq} is not below the size {self.size} of the checkpoint")
        if proof is None:
            self.without_proof += 1
            return
        if tree_size != self.size:
            raise Wrong(f"entry {seq}: its proof leads into size {tree_size}, the checkpoint has {self.size}")
        try:
            found = root_from_inclusion(leaf, seq, tree_size, proof)
        except Wrong as wrong:
            raise Wrong(f"entry {seq}: {wrong}") from None
        if found != self.root:
            raise Wrong(f"entry {seq}: its proof does not lead to the root of the checkpoint")
        self.proven += 1

    def problem(self, text):
        self.problems += 1
        print(f"WRONG     {text}")

    def finish(self):
        complete = self.running.size == self.size and self.read == self.size
        if complete and self.running.root() != self.root:
            self.problem("the entries do not give the root of the checkpoint")
        elif complete:
            self.proven = self.read
        elif self.read == 0:
            self.problem("the extract is empty")
        elif self.without_proof:
            self.problem(f"{self.without_proof} entries have no proof, and the extract is not complete")
        print(f"entries   {self.read} read, {self.proven} proven, of {self.size} in the journal")
        print(f"complete  {'yes' if complete else 'no'}")


def check(extract_path, note, vkey, show):
    size, root = read_checkpoint(note, vkey)
    print(f"signature good: {vkey.split('+')[0]}")
    print(f"size      {size}")
    print(f"root      {root.hex()}")
    extract = Extract(size, root)
    with open(extract_path, "rb") as lines:
        number = 0
        while data := lines.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(data) > MAX_LINE_BYTES:
                raise Wrong(f"line {number} is too long")
            if not data.endswith(b"\n"):
                raise Wrong(f"line {number} is cut short")
            extract.line(number, data, show)
    extract.finish()
    return extract.problems == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("extract", help="journal extract, one JSON object a line")
    parser.add_argument("--checkpoint", required=True, help="file with the signed checkpoint")
    parser.add_argument("--vkey", required=True, help="verifier key, or a file that holds it")
    parser.add_argument("--print", action="store_true", help="show each entry")
    options = parser.parse_args()
    try:
        vkey = options.vkey
        if os.path.exists(vkey):
            with open(vkey, encoding="utf-8", newline="") as file:
                vkey = file.read(1024).removesuffix("\n")
        with open(options.checkpoint, "rb") as file:
            note = file.read(MAX_NOTE_BYTES + 1)
        if len(note) > MAX_NOTE_BYTES:
            raise Wrong("the checkpoint is too long")
        good = check(options.extract, note.decode("utf-8"), vkey, options.print)
    except (Wrong, UnicodeDecodeError) as wrong:
        print(f"WRONG     {wrong}")
        good = False
    except OSError as error:
        print(f"cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    print("RESULT    all is proven" if good else "RESULT    NOT PROVEN")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

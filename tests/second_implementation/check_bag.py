#!/usr/bin/env python3
"""Checks an export package (schema/export-package.md) with nothing but Python's standard library.

    check_bag.py PACKAGE      PACKAGE is a directory or a ZIP file

Shares no code with the writer. Checks both manifests in both directions, Payload-Oxum, the index book against
originals, digests and histories, the list of changes, and that every journal entry is in the checkpoint's tree.
The checkpoint's signature is not checked (Ed25519 is not in the standard library). Prints each difference;
exit code 1 if there is any, 2 when the package cannot be read at all.
"""

import base64
import csv
import hashlib
import io
import json
import os
import re
import sys
import zipfile

INDEX = ("連番,ファイル名,取引年月日,取引先,取引金額,通貨,税区分,書類種別,件名,管理番号,登録番号,法人番号,"
         "契約締結日,契約開始日,契約終了日,更新拒絶通知期間,自動更新期間,受領日,自社,版,取下げ,保存期限,SHA-256,記録ID,備考").split(",")
HISTORY = "ファイル名,記録ID,版,日時,操作,項目,訂正前,訂正後,担当者,理由,ジャーナル番号".split(",")
PROBLEMS = "記録ID,理由".split(",")
FORMULA = set("=+-@\t\r\n＝＋－＠")
TAGS = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}

problems = []


def bad(message):
    problems.append(message)
    print("NG", message)


class Directory:
    def __init__(self, root):
        self.root = root

    def paths(self):
        for folder, folders, names in os.walk(self.root):
            for name in folders + names:
                if os.path.islink(os.path.join(folder, name)):
                    bad(f"{name} is a link")
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root).replace(os.sep, "/")

    def open(self, path):
        return open(os.path.join(self.root, path), "rb")


class Zip:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        names = self.zip.namelist()
        self.base = names[0].split("/")[0] + "/" if names else ""
        for name in names:
            if not name.startswith(self.base) or ".." in name.split("/"):
                bad(f"{name!r} is not below the one top-level directory")
        if len(set(names)) != len(names):
            bad("a name is in the ZIP file twice")
        for info in self.zip.infolist():
            if not info.filename.isascii() and not info.flag_bits & 0x800:
                bad(f"{info.filename!r} has no UTF-8 flag")

    def paths(self):
        return [name[len(self.base):] for name in self.zip.namelist() if name.startswith(self.base)]

    def open(self, path):
        return self.zip.open(self.base + path)


def digest_and_size(bag, path):
    digest, size = hashlib.sha256(), 0
    with bag.open(path) as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def read(bag, path):
    try:
        with bag.open(path) as file:
            return file.read()
    except (OSError, KeyError):
        bad(f"{path} is missing")
        return b""


def manifest(bag, name):
    listed = {}
    for line in read(bag, name).decode("utf-8").split("\n")[:-1]:
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if not match:
            bad(f"{name}: {line!r} is no manifest line")
            continue
        path = re.sub("%(25|0D|0A)", lambda code: bytes.fromhex(code[1]).decode(), match[2])
        if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
            bad(f"{name}: {path!r} leads out of the package")
        if path in listed:
            bad(f"{name}: {path} is listed twice")
        listed[path] = match[1]
    return listed


def compare(name, listed, found):
    for path in sorted(listed.keys() - found.keys()):
        bad(f"{path} is in {name} but not in the package")
    for path in sorted(found.keys() - listed.keys()):
        bad(f"{path} is in the package but not in {name}")
    for path in sorted(listed.keys() & found.keys()):
        if listed[path] != found[path][0]:
            bad(f"{path} differs from its digest in {name}")


def table(bag, path, header):
    text = read(bag, path).decode("utf-8")
    if not text.startswith("\ufeff"):
        bad(f"{path} has no byte order mark")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True))
    if not rows or rows[0] != header:
        bad(f"{path}: the header is not that of format 1")
        return []
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            bad(f"{path}: record {number} has {len(row)} cells")
        for column, cell in zip(header, row):
            if cell[:1] in FORMULA and cell and not (column == "取引金額" and re.fullmatch(r"-[0-9.]+", cell)):
                bad(f"{path}: record {number}: {column} would be run as a formula")
    return [dict(zip(header, map(recall, row))) for row in rows[1:]]


def recall(cell):
    rest = cell[1:]
    return rest if cell.startswith("'") and rest.lstrip("'")[:1] in FORMULA and rest.lstrip("'") else cell


def check_record(bag, row, originals):
    file, record = row["ファイル名"], row["記録ID"]
    found = originals.get(file)
    if found is None:
        return bad(f"index.csv: {file} is not among the originals")
    if found[0] != row["SHA-256"]:
        bad(f"index.csv: {file} does not have the digest in its line")
    text = read(bag, f"data/history/{record}.json")
    if not text:
        return None
    history = json.loads(text)
    same = (history["format"], history["id"], history["file"], history["sha256"])
    if same != ("shosoin-history/1", record, file, row["SHA-256"]):
        bad(f"history/{record}.json is not about {file}")
    versions = history["versions"]
    if [version["version"] for version in versions] != list(range(1, len(versions) + 1)):
        bad(f"history/{record}.json: versions are not 1, 2, 3, ...")
    latest, metadata = versions[-1], versions[-1]["metadata"]
    amount = metadata.get("amount")
    pairs = [
        (row["版"], str(latest["version"])),
        (row["取下げ"], "取下げ" if latest["withdrawn"] else ""),
        (row["取引年月日"], metadata["transaction_date"]),
        (row["取引先"], metadata["counterparty"]["name"]),
        (row["法人番号"], metadata["counterparty"].get("corporate_number", "")),
        (row["登録番号"], metadata["counterparty"].get("invoice_number", "")),
        (row["書類種別"], metadata["class"]),
        (row["件名"], metadata.get("title", "")),
        (row["管理番号"], metadata.get("number", "")),
        (row["自社"], metadata["entity"]),
        (row["取引金額"] and int(row["取引金額"].replace(".", "")), amount["minor"] if amount else ""),
        (row["通貨"], amount["currency"] if amount else ""),
    ]
    for cell, stored in pairs:
        if cell != stored:
            bad(f"index.csv: {file} says {cell!r}, its history says {stored!r}")
    return record, len(versions)


def check_index(bag, files):
    prefix = "data/originals/"
    originals = {path[len(prefix):]: found for path, found in files.items() if path.startswith(prefix)}
    rows = table(bag, "data/index.csv", INDEX)
    versions = {}
    for number, row in enumerate(rows, 1):
        if row["連番"] != str(number):
            bad(f"index.csv: line {number} is numbered {row['連番']}")
        checked = check_record(bag, row, originals)
        if checked:
            versions[checked[0]] = checked[1]
    for column in ("ファイル名", "記録ID"):
        if len({row[column] for row in rows}) != len(rows):
            bad(f"index.csv: a {column} is there twice")
    for file in originals.keys() - {row["ファイル名"] for row in rows}:
        bad(f"originals/{file} has no line in index.csv")
    if sum(path.startswith("data/history/") for path in files) != len(rows):
        bad("there is not one history for each line of index.csv")
    told = {}
    for row in table(bag, "data/history.csv", HISTORY):
        told.setdefault(row["記録ID"], set()).add(int(row["版"]))
    if told != {record: set(range(1, count + 1)) for record, count in versions.items()}:
        bad("history.csv does not tell every version of every record once")
    return len(rows)


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf, index, size, proof):
    """RFC 9162, 2.1.3.2; None when the proof has the wrong length."""
    fn, sn, hash_ = index, size - 1, leaf
    if index >= size:
        return None
    for step in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            hash_ = node(step, hash_)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = node(hash_, step)
        fn, sn = fn >> 1, sn >> 1
    return hash_ if sn == 0 else None


def check_journal(bag, files, origin):
    lines = read(bag, "data/journal/checkpoint.txt").decode("utf-8").split("\n")
    if len(lines) < 5 or lines[0] != origin or lines[3] != "":
        return bad("checkpoint.txt is not a signed checkpoint of the origin in bag-info.txt")
    size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
    if not read(bag, "data/journal/vkey.txt").decode("utf-8").startswith(origin + "+"):
        bad("vkey.txt is not a key of that origin")
    count = 0
    for path in sorted(path for path in files if path.startswith("data/journal/extract")):
        for line in read(bag, path).splitlines():
            count += 1
            item = json.loads(line)
            stored = base64.b64decode(item["entry"], validate=True)
            leaf = hashlib.sha256(b"\x00" + stored).digest()
            number = json.loads(stored)["seq"]
            proof = [bytes.fromhex(step) for step in item["proof"]]
            if item["tree_size"] != size or root_of(leaf, number, size, proof) != root:
                bad(f"journal entry {number} is not proven by the checkpoint")
    return count


def check(bag):
    if read(bag, "bagit.txt") != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
        bad("bagit.txt is not that of BagIt 1.0")
    found = {path: digest_and_size(bag, path) for path in bag.paths()}
    payload = {path: what for path, what in found.items() if path.startswith("data/")}
    tags = {path: what for path, what in found.items() if not path.startswith("data/")}
    for path in tags.keys() - TAGS:
        bad(f"{path} does not belong to the package")
    compare("manifest-sha256.txt", manifest(bag, "manifest-sha256.txt"), payload)
    tags.pop("tagmanifest-sha256.txt", None)
    compare("tagmanifest-sha256.txt", manifest(bag, "tagmanifest-sha256.txt"), tags)
    info = dict(line.split(": ", 1) for line in read(bag, "bag-info.txt").decode("utf-8").splitlines())
    if info.get("Shosoin-Package-Format") != "1":
        bad("the package is not of format 1")
    if info.get("Payload-Oxum") != f"{sum(size for _, size in payload.values())}.{len(payload)}":
        bad("Payload-Oxum does not fit the payload")
    records = check_index(bag, payload)
    if info.get("Shosoin-Records") != str(records):
        bad("Shosoin-Records is not the number of lines of index.csv")
    failures = len(table(bag, "data/problems.csv", PROBLEMS)) if "data/problems.csv" in payload else 0
    if info.get("Shosoin-Problems") != str(failures):
        bad("Shosoin-Problems is not the number of lines of problems.csv")
    entries = check_journal(bag, payload, info.get("Shosoin-Origin"))
    print(f"{records} records, {failures} problems told, {entries} journal entries, {len(problems)} differences")


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    try:
        check(Directory(sys.argv[1]) if os.path.isdir(sys.argv[1]) else Zip(sys.argv[1]))
    except (OSError, zipfile.BadZipFile) as error:
        if problems:
            return 1
        print(f"cannot read {sys.argv[1]}: {error}")
        return 1 if isinstance(error, zipfile.BadZipFile) else 2
    except (ValueError, KeyError, TypeError, IndexError, csv.Error) as error:
        bad(f"not as in format 1: {error!r}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

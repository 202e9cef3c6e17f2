#!/usr/bin/env python3
"""Has pyHanko judge PAdES-LTA renditions: `lta_check.py TRUST-DIR MOMENT FOLDER`, one line a file.

`trusted NAME`: all signatures and document timestamps are intact and trusted, and nothing but validation data and timestamps
was added after them. `valid NAME`: the same, but for a signature whose certificate cannot be trusted at that moment, as it
was in the original. `same NAME`: pyHanko says the same against the original as against the rendition. `BAD NAME: why`
otherwise. pyHanko 0.38; no network.
"""
import asyncio
import io
import logging
import sys
from pathlib import Path

from asn1crypto import pem, x509
from freezegun import freeze_time

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import ades, async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)
CASES = Path(__file__).resolve().parent.parent / "fixtures/signed"


def roots(folder):
    for path in sorted(Path(folder).glob("*.pem")):
        yield x509.Certificate.load(pem.unarmor(path.read_bytes())[2])


async def judge(data, trust):
    reader = PdfFileReader(io.BytesIO(data))
    known = ades._dss_to_local_knowledge(reader)
    bad, trusted = [], True
    for each in reader.embedded_signatures:
        context = ValidationContext(trust_roots=trust, allow_fetching=False, revocation_mode="soft-fail",
                                    other_certs=list(known.known_certs))
        stamp = each.sig_object_type == "/DocTimeStamp"
        status = await (async_validate_pdf_timestamp if stamp else async_validate_pdf_signature)(each, context)
        level = status.modification_level
        if not (status.intact and status.valid) or level is None or level == ModificationLevel.OTHER:
            bad.append(f"{each.field_name}: intact={status.intact} valid={status.valid} {level}")
        if each.field_name.startswith("ArchiveTimestamp") and not status.trusted:
            bad.append(f"{each.field_name}: its chain is not trusted")
        if not stamp:
            trusted = trusted and bool(status.trusted)
    return bad, trusted


async def answer(path, trust):
    try:
        return await judge(path.read_bytes(), trust)
    except Exception as error:  # noqa: BLE001
        return [f"{type(error).__name__}: {error}"], False


async def main(trust_folder, folder):
    trust, failed = list(roots(trust_folder)), False
    for path in sorted(Path(folder).iterdir()):
        bad, trusted = await answer(path, trust)
        before, _ = await answer(CASES / "cases" / path.name, trust) if bad else ([], False)
        same = bad and {flaw.split("Level")[0] for flaw in before} == {flaw.split("Level")[0] for flaw in bad}
        word = "same" if same else "trusted" if trusted else "valid"
        print(f"BAD {path.name}: {'; '.join(bad)}" if bad and not same else f"{word} {path.name}")
        failed = failed or bool(bad and not same)
    return failed


if __name__ == "__main__":
    with freeze_time(sys.argv[2], real_asyncio=True):
        sys.exit(asyncio.run(main(sys.argv[1], sys.argv[3])))

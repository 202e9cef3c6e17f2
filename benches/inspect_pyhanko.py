"""For benches/inspect.rs: pyHanko judges the same files with the same roots; prints processor seconds and files judged.

usage: inspect_pyhanko.py FOLDER FIXTURES     (pyHanko 0.38, freezegun)
"""
import asyncio
import logging
import sys
import time
from pathlib import Path

logging.disable(logging.CRITICAL)
fixtures = Path(sys.argv[2])
sys.path.insert(0, str(fixtures / "make"))

import judge_pyhanko as judge  # noqa: E402
from asn1crypto import pem, x509  # noqa: E402
from case import JUDGED  # noqa: E402
from freezegun import freeze_time  # noqa: E402

ROUNDS = 3
roots = [x509.Certificate.load(der) for path in sorted((fixtures / "trust").glob("*.pem"))
         for _, _, der in pem.unarmor(path.read_bytes(), multiple=True)]
files = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.pdf"))]


async def judge_all(rounds):
    """Difference analysis and LTA validation of every signature, as `judge_pyhanko.py` stores them."""
    one = judge.Judge(roots, [])
    for _ in range(rounds):
        for data in files:
            await one.file(data)


with freeze_time(JUDGED, real_asyncio=True):
    asyncio.run(judge_all(1))
    began = time.process_time()
    asyncio.run(judge_all(ROUNDS))
print(time.process_time() - began)
print(ROUNDS * len(files))

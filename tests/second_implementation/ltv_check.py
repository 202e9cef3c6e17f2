#!/usr/bin/env python3
"""pyHanko's validation of long-term signatures (EN 319 102-1, 5.6.3): `ltv_check.py TRUST-DIR MOMENT FILE`.

Revocation data is demanded for every certificate (REQUIRE_REVINFO), nothing is fetched, and only what the file holds and the
roots in TRUST-DIR are believed; MOMENT is when it is asked. One line a signature; exit code 1 unless all passed. pyHanko 0.38.
"""
import asyncio
import logging
import sys
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import pem, x509
from freezegun import freeze_time

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevocationInfoGatheringSpec,
    RevinfoOnlineFetchingRule,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager

logging.disable(logging.WARNING)


def policy(folder):
    roots = [x509.Certificate.load(pem.unarmor(path.read_bytes())[2]) for path in sorted(Path(folder).glob("*.pem"))]
    revocation = CertRevTrustPolicy(REQUIRE_REVINFO, freshness=None,
                                    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION)
    certificates = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build(trust_roots=roots),
                                            revinfo_policy=revocation)
    offline = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(cert_validation_policy=certificates, revinfo_gathering_policy=offline))


async def main(folder, moment, path):
    failed = False
    with open(path, "rb") as file:
        reader = PdfFileReader(file)
        stamps = len(reader.embedded_timestamp_signatures)
        for signature in reader.embedded_regular_signatures:
            timing = ValidationTimingInfo(moment, moment, point_in_time_validation=False)
            found = await ades_lta_validation(signature, policy(folder), timing_info=timing)
            status = found.api_status
            passed = (found.ades_subindic == AdESPassed.OK and status.bottom_line
                      and found.oldest_evidence_record_timestamp is not None)
            failed = failed or not passed
            print("PASSED" if passed else "FAILED", signature.field_name, found.ades_subindic, found.failure_msg or "",
                  f"{stamps} document timestamps, proven since {found.best_signature_time}",
                  "" if passed else status and status.pretty_print_details())
    return failed


if __name__ == "__main__":
    when = datetime.fromisoformat(sys.argv[2].replace("Z", "+00:00")) + timedelta(minutes=2)
    with freeze_time(when, real_asyncio=True):
        sys.exit(asyncio.run(main(sys.argv[1], when, sys.argv[3])))

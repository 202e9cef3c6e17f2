//! RSA signatures: PKCS#1 v1.5 and PSS (RFC 8017, 8.1 and 8.2).

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};
use rsa::{BoxedUint, Pkcs1v15Sign, RsaPublicKey};

use super::super::ber::{self, OCTET_STRING, OID, SEQUENCE};
use super::super::digest::DigestAlgorithm;
use super::key::RsaKey;
use super::{PssParams, SignatureProblem, Verifier};

/// A signature made as PKCS#1 v1.5 says.
pub fn pkcs1(
    key: &RsaKey<'_>,
    ready: Option<&Verifier>,
    algorithm: DigestAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    let fast: Option<&'static RsaParameters> = match algorithm {
        DigestAlgorithm::Sha1 => Some(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        DigestAlgorithm::Sha256 => Some(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        DigestAlgorithm::Sha384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        DigestAlgorithm::Sha512 => Some(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        _ => None,
    };
    if fast.is_some_and(|parameters| verified(key, ready, parameters, algorithm, digest, signature)) {
        return Ok(());
    }
    // Old signers left the NULL out of DigestInfo; verifiers must take both (RFC 8017, appendix B.1 and A.2.4).
    let slow = public_key(key)?;
    let holds = [true, false].into_iter().any(|with_null| {
        let scheme = Pkcs1v15Sign {
            hash_len: Some(digest.len()),
            prefix: digest_info_prefix(algorithm, with_null).into(),
        };
        slow.verify(scheme, digest, signature).is_ok()
    });
    if holds { Ok(()) } else { Err(SignatureProblem::Mismatch) }
}

/// A signature made as PSS says.
pub fn pss(
    key: &RsaKey<'_>,
    ready: Option<&Verifier>,
    params: &PssParams,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    let usual = params.mask_digest == params.digest && usize::from(params.salt_len) == params.digest.size();
    let fast: Option<&'static RsaParameters> = match params.digest {
        DigestAlgorithm::Sha256 => Some(&RSA_PSS_2048_8192_SHA256),
        DigestAlgorithm::Sha384 => Some(&RSA_PSS_2048_8192_SHA384),
        DigestAlgorithm::Sha512 => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    if usual
        && fast.is_some_and(|parameters| verified(key, ready, parameters, params.digest, digest, signature))
    {
        return Ok(());
    }
    let (size, bits) = (key.modulus.len(), key.bits());
    if signature.len() != size {
        return Err(SignatureProblem::Mismatch);
    }
    let number = BoxedUint::from_be_slice(signature, bits.next_multiple_of(8))
        .map_err(|_| SignatureProblem::Mismatch)?;
    let encoded =
        rsa::hazmat::rsa_encrypt(&public_key(key)?, &number).map_err(|_| SignatureProblem::Mismatch)?;
    let encoded = encoded.to_be_bytes();
    let encoded = &encoded[encoded.len().saturating_sub(size)..];
    if pss_encoding_holds(encoded, bits, params, digest) { Ok(()) } else { Err(SignatureProblem::Mismatch) }
}

fn verified(
    key: &RsaKey<'_>,
    ready: Option<&Verifier>,
    parameters: &'static RsaParameters,
    algorithm: DigestAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> bool {
    let Ok(digest) = Digest::import_less_safe(digest, algorithm.fast()) else { return false };
    let parse = || (parameters, ParsedPublicKey::new(parameters, key.der).ok());
    match ready.map(|verifier| verifier.0.get_or_init(parse)) {
        Some((of, Some(parsed))) if std::ptr::eq(*of, parameters) => {
            parsed.verify_digest_sig(&digest, signature).is_ok()
        }
        _ => UnparsedPublicKey::new(parameters, key.der).verify_digest(&digest, signature).is_ok(),
    }
}

/// Refuses keys above 8192 bits and exponents above 2^33: they only cost time.
fn public_key(key: &RsaKey<'_>) -> Result<RsaPublicKey, SignatureProblem> {
    let unsupported = || SignatureProblem::UnsupportedKey { key: format!("RSA with {} bits", key.bits()) };
    if key.bits() > RsaPublicKey::MAX_SIZE as u32 || key.exponent.len() > 5 {
        return Err(unsupported());
    }
    let (n, e) =
        (BoxedUint::from_be_slice_vartime(key.modulus), BoxedUint::from_be_slice_vartime(key.exponent));
    RsaPublicKey::new(n, e).map_err(|_| unsupported())
}

/// DigestInfo up to the digest's value (RFC 8017, 9.2, note 1).
fn digest_info_prefix(algorithm: DigestAlgorithm, with_null: bool) -> Vec<u8> {
    let mut name = ber::wrapped(OID, algorithm.oid().as_bytes());
    if with_null {
        name.extend([0x05, 0x00]);
    }
    let mut content = ber::wrapped(SEQUENCE, &name);
    content.extend(ber::wrapped(OCTET_STRING, &vec![0; algorithm.size()]));
    let mut whole = ber::wrapped(SEQUENCE, &content);
    whole.truncate(whole.len() - algorithm.size());
    whole
}

/// EMSA-PSS-VERIFY (RFC 8017, 9.1.2), steps 3 to 14; `digest` is `mHash`. Written out because the crates cannot do a mask
/// with another digest, which Java makes by default.
fn pss_encoding_holds(encoded: &[u8], modulus_bits: u32, params: &PssParams, digest: &[u8]) -> bool {
    let bits = modulus_bits.saturating_sub(1) as usize;
    let size = bits.div_ceil(8);
    let (hash_len, salt_len) = (params.digest.size(), usize::from(params.salt_len));
    // 3. The parts must fit. Where the encoding is a byte shorter than the modulus, that byte is zero.
    let Some(encoded) = encoded.len().checked_sub(size).and_then(|extra| {
        let (zeros, rest) = encoded.split_at(extra);
        zeros.iter().all(|byte| *byte == 0).then_some(rest)
    }) else {
        return false;
    };
    if size < hash_len + salt_len + 2 {
        return false;
    }
    // 4. to 6. Trailer; masked data block and hash; the bits left of the encoding.
    let [block_and_hash @ .., 0xBC] = encoded else { return false };
    let (masked, hash) = block_and_hash.split_at(size - hash_len - 1);
    let unused = 8 * size - bits;
    let keep = 0xFFu8 >> unused;
    if masked.first().is_none_or(|first| first & !keep != 0) {
        return false;
    }
    // 7. to 9. Take the mask off.
    let mut block: Vec<u8> = masked
        .iter()
        .zip(mask(params.mask_digest, hash, masked.len()))
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    block[0] &= keep;
    // 10. and 11. Zeros, a one, the salt.
    let (padding, salt) = block.split_at(block.len() - salt_len);
    let [zeros @ .., 0x01] = padding else { return false };
    if zeros.iter().any(|byte| *byte != 0) {
        return false;
    }
    // 12. to 14.
    let mut hasher = params.digest.hasher();
    hasher.update(&[0; 8]);
    hasher.update(digest);
    hasher.update(salt);
    hasher.finish() == hash
}

/// MGF1 (RFC 8017, B.2.1).
fn mask(algorithm: DigestAlgorithm, seed: &[u8], len: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(len + algorithm.size());
    for counter in 0u32.. {
        if mask.len() >= len {
            break;
        }
        let mut hasher = algorithm.hasher();
        hasher.update(seed);
        hasher.update(&counter.to_be_bytes());
        mask.extend(hasher.finish());
    }
    mask.truncate(len);
    mask
}

//! Reasons for a verdict, in Japanese and English.

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::pki::cms::CmsProblem;
use crate::pki::path::Rule;
use crate::pki::revocation::{RevocationReason, Unusable};

/// One reason, or a note that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The container (byte ranges, dictionary) is not as it must be; the words come from whoever read it.
    Format(String),
    Cms(CmsProblem),
    /// The content is another one than was signed.
    ContentChanged,
    /// The timestamp is about other bytes.
    ImprintDiffers,
    SignatureInvalid,
    SignerUnknown,
    NoChain {
        missing: String,
    },
    AnchorNotTrustedThen {
        anchor: String,
    },
    ChainRule {
        certificate: String,
        rule: Rule,
    },
    Expired {
        certificate: String,
        ended: DateTime<Utc>,
        judged: DateTime<Utc>,
    },
    NotYetValid {
        certificate: String,
        starts: DateTime<Utc>,
        judged: DateTime<Utc>,
    },
    Revoked {
        certificate: String,
        at: DateTime<Utc>,
        reason: RevocationReason,
    },
    /// Signed after the revocation, as an older timestamp in the document proves.
    SignedAfterRevocation {
        revoked: DateTime<Utc>,
        signed_after: DateTime<Utc>,
    },
    OnHold {
        certificate: String,
        since: DateTime<Utc>,
    },
    RevocationUnknown {
        certificate: String,
        why: Vec<Unusable>,
    },
    /// Revoked, but after the proven time.
    RevokedLater {
        certificate: String,
        at: DateTime<Utc>,
    },
    AlgorithmEnded {
        algorithm: String,
        ended: DateTime<Utc>,
        proven: bool,
    },
    TimestampFromFuture {
        stated: DateTime<Utc>,
        judged: DateTime<Utc>,
    },
    TimestampOutsideCertificate {
        stated: DateTime<Utc>,
    },
    /// A timestamp that proves nothing; why is in its own conclusion.
    TimestampNotTrusted {
        stated: Option<DateTime<Utc>>,
    },
    /// Nothing proves when it was signed.
    NoTimestamp,
    ProvenBy {
        time: DateTime<Utc>,
    },
}

impl Reason {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::Format(_) => "format",
            Reason::Cms(_) => "cms",
            Reason::ContentChanged => "content_changed",
            Reason::ImprintDiffers => "imprint_differs",
            Reason::SignatureInvalid => "signature_invalid",
            Reason::SignerUnknown => "signer_unknown",
            Reason::NoChain { .. } => "no_chain",
            Reason::AnchorNotTrustedThen { .. } => "anchor_not_trusted_then",
            Reason::ChainRule { .. } => "chain_rule",
            Reason::Expired { .. } => "expired",
            Reason::NotYetValid { .. } => "not_yet_valid",
            Reason::Revoked { .. } => "revoked",
            Reason::SignedAfterRevocation { .. } => "signed_after_revocation",
            Reason::OnHold { .. } => "on_hold",
            Reason::RevocationUnknown { .. } => "revocation_unknown",
            Reason::RevokedLater { .. } => "revoked_later",
            Reason::AlgorithmEnded { .. } => "algorithm_ended",
            Reason::TimestampFromFuture { .. } => "timestamp_from_future",
            Reason::TimestampOutsideCertificate { .. } => "timestamp_outside_certificate",
            Reason::TimestampNotTrusted { .. } => "timestamp_not_trusted",
            Reason::NoTimestamp => "no_timestamp",
            Reason::ProvenBy { .. } => "proven_by",
        }
    }

    pub fn en(&self) -> String {
        match self {
            Reason::Format(text) => text.clone(),
            Reason::Cms(problem) => problem.to_string(),
            Reason::ContentChanged => "The document is not the one that was signed: it was changed.".into(),
            Reason::ImprintDiffers => "The timestamp is about other bytes.".into(),
            Reason::SignatureInvalid => "The signature does not hold under the signer's key.".into(),
            Reason::SignerUnknown => "The signer's certificate is missing.".into(),
            Reason::NoChain { missing } => {
                format!("No chain to a trusted root: the issuer {missing} is not trusted.")
            }
            Reason::AnchorNotTrustedThen { anchor } => {
                format!("{anchor} was not on the trusted list at that time.")
            }
            Reason::ChainRule { certificate, rule } => {
                format!("The chain of {certificate} breaks a rule: {rule}.")
            }
            Reason::Expired { certificate, ended, judged } => {
                format!(
                    "The certificate of {certificate} ended on {}, and nothing proves that the signature existed by then (judged for {}).",
                    day(ended),
                    day(judged)
                )
            }
            Reason::NotYetValid { certificate, starts, judged } => {
                format!("The certificate of {certificate} starts on {}, after {}.", day(starts), day(judged))
            }
            Reason::Revoked { certificate, at, reason } => {
                format!(
                    "The certificate of {certificate} was revoked on {} ({reason:?}), and nothing proves that the signature is older.",
                    day(at)
                )
            }
            Reason::SignedAfterRevocation { revoked, signed_after } => format!(
                "The certificate was revoked on {}, and the signature was made after {}.",
                day(revoked),
                day(signed_after)
            ),
            Reason::OnHold { certificate, since } => {
                format!("The certificate of {certificate} was suspended on {}.", day(since))
            }
            Reason::RevocationUnknown { certificate, why } => {
                let why: Vec<String> = why.iter().map(Unusable::to_string).collect();
                match why.is_empty() {
                    true => format!("Nobody says whether the certificate of {certificate} was revoked."),
                    false => format!(
                        "It is not known whether the certificate of {certificate} was revoked: {}.",
                        why.join("; ")
                    ),
                }
            }
            Reason::RevokedLater { certificate, at } => {
                format!("The certificate of {certificate} was revoked on {}, after the proven time.", day(at))
            }
            Reason::AlgorithmEnded { algorithm, ended, proven } => {
                let proof =
                    if *proven { "the proven time is later" } else { "nothing proves an earlier time" };
                format!("{algorithm} has not counted since {}, and {proof}.", day(ended))
            }
            Reason::TimestampFromFuture { stated, judged } => {
                format!(
                    "The timestamp states {}, later than {}, by when it must have existed.",
                    day(stated),
                    day(judged)
                )
            }
            Reason::TimestampOutsideCertificate { stated } => {
                format!("The timestamp states {}, outside the validity of its own certificate.", day(stated))
            }
            Reason::TimestampNotTrusted { stated } => match stated {
                Some(stated) => format!("The timestamp of {} cannot be relied on.", day(stated)),
                None => "The timestamp cannot be relied on.".into(),
            },
            Reason::NoTimestamp => "No trustworthy timestamp proves when it was signed.".into(),
            Reason::ProvenBy { time } => format!("A timestamp proves that it existed on {}.", day(time)),
        }
    }

    pub fn ja(&self) -> String {
        match self {
            Reason::Format(text) => format!("署名の構造に問題があります（{text}）。"),
            Reason::Cms(problem) => format!("署名データに問題があります（{problem}）。"),
            Reason::ContentChanged => "署名後に文書が変更されています。".into(),
            Reason::ImprintDiffers => "タイムスタンプはこの文書のものではありません。".into(),
            Reason::SignatureInvalid => "署名が署名者の鍵と一致しません。".into(),
            Reason::SignerUnknown => "署名者の証明書が含まれていません。".into(),
            Reason::NoChain { missing } => format!("信頼された認証局につながりません（発行者: {missing}）。"),
            Reason::AnchorNotTrustedThen { anchor } => {
                format!("{anchor} はその時点で信頼リストに載っていません。")
            }
            Reason::ChainRule { certificate, rule } => {
                format!("{certificate} の証明書の連鎖が規則に反しています（{rule}）。")
            }
            Reason::Expired { certificate, ended, judged } => format!(
                "{certificate} の証明書は {} に有効期限が切れており、それ以前に署名されたことを示す証拠がありません（判定時点 {}）。",
                day_ja(ended),
                day_ja(judged)
            ),
            Reason::NotYetValid { certificate, starts, judged } => {
                format!(
                    "{certificate} の証明書の有効期間は {} からで、{} より後です。",
                    day_ja(starts),
                    day_ja(judged)
                )
            }
            Reason::Revoked { certificate, at, reason } => format!(
                "{certificate} の証明書は {} に失効しており（{}）、それ以前に署名されたことを示す証拠がありません。",
                day_ja(at),
                reason_ja(*reason)
            ),
            Reason::SignedAfterRevocation { revoked, signed_after } => {
                format!(
                    "証明書は {} に失効し、署名は {} より後にされています。",
                    day_ja(revoked),
                    day_ja(signed_after)
                )
            }
            Reason::OnHold { certificate, since } => {
                format!("{certificate} の証明書は {} から一時停止されています。", day_ja(since))
            }
            Reason::RevocationUnknown { certificate, why } => match why.is_empty() {
                true => format!("{certificate} の証明書の失効情報がありません。"),
                false => {
                    let why: Vec<&str> = why.iter().map(|why| unusable_ja(*why)).collect();
                    format!("{certificate} の証明書の失効を確認できません（{}）。", why.join("、"))
                }
            },
            Reason::RevokedLater { certificate, at } => {
                format!("{certificate} の証明書は、証明された時刻より後の {} に失効しています。", day_ja(at))
            }
            Reason::AlgorithmEnded { algorithm, ended, proven } => {
                let proof = if *proven {
                    "証明された時刻はそれより後です"
                } else {
                    "それ以前に存在した証拠がありません"
                };
                format!("{algorithm} は {} 以降は証拠として認められず、{proof}。", day_ja(ended))
            }
            Reason::TimestampFromFuture { stated, judged } => {
                format!(
                    "タイムスタンプの時刻 {} が、存在したはずの時刻 {} より後です。",
                    day_ja(stated),
                    day_ja(judged)
                )
            }
            Reason::TimestampOutsideCertificate { stated } => {
                format!("タイムスタンプの時刻 {} が、その証明書の有効期間外です。", day_ja(stated))
            }
            Reason::TimestampNotTrusted { stated } => match stated {
                Some(stated) => format!("{} のタイムスタンプは信頼できません。", day_ja(stated)),
                None => "タイムスタンプは信頼できません。".into(),
            },
            Reason::NoTimestamp => "署名の時刻を証明する信頼できるタイムスタンプがありません。".into(),
            Reason::ProvenBy { time } => {
                format!("タイムスタンプにより {} に存在したことが証明されています。", day_ja(time))
            }
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Reason", 3)?;
        fields.serialize_field("code", self.code())?;
        fields.serialize_field("ja", &self.ja())?;
        fields.serialize_field("en", &self.en())?;
        fields.end()
    }
}

fn day(time: &DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// In Japan's time, which is what finance staff live in.
fn day_ja(time: &DateTime<Utc>) -> String {
    const JST_SECONDS: i32 = 9 * 3600;
    match FixedOffset::east_opt(JST_SECONDS) {
        Some(japan) => time.with_timezone(&japan).format("%Y年%-m月%-d日 %H:%M:%S").to_string(),
        None => time.to_rfc3339(),
    }
}

fn reason_ja(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "理由の記載なし",
        RevocationReason::KeyCompromise => "鍵の危殆化",
        RevocationReason::CaCompromise | RevocationReason::AaCompromise => "認証局の危殆化",
        RevocationReason::AffiliationChanged => "所属等の変更",
        RevocationReason::Superseded => "証明書の更新",
        RevocationReason::CessationOfOperation => "利用終了",
        RevocationReason::CertificateHold => "一時停止",
        RevocationReason::RemoveFromCrl => "一時停止の解除",
        RevocationReason::PrivilegeWithdrawn => "資格の取消し",
    }
}

fn unusable_ja(why: Unusable) -> &'static str {
    match why {
        Unusable::Signature => "失効情報の署名を確認できない",
        Unusable::Stale => "失効情報がその時点より古い",
        Unusable::AfterExpiry => "失効情報が証明書の期限後のもの",
        Unusable::Indirect => "別の認証局が発行した CRL で、発行者から委ねられたものと確認できない",
        Unusable::Scope => "別の種類の証明書のための失効情報",
        Unusable::Partial => "一部の理由または差分のみの失効情報",
        Unusable::CriticalExtension => "失効情報に未知の重要な拡張がある",
        Unusable::ResponderUnknown => "応答者がこの証明書を知らない",
    }
}

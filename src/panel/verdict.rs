//! The verdict on a file: that of its weakest signature.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a file's signatures prove, or a single one.
///
/// The first three are those of ETSI EN 319 102-1, 5.1.3. The last two are for files without a signature to judge,
/// and are never mixed up: a file that cannot be read may well be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every check passed.
    TotalPassed,
    /// Nothing is known to be wrong, but something needed for certainty is missing.
    Indeterminate,
    /// A check failed: forged, altered, revoked.
    TotalFailed,
    /// There is no signature.
    Unsigned,
    /// Whether there are signatures cannot be told.
    CannotTell,
}

impl Verdict {
    /// The verdict on a file with signatures: the weakest of theirs.
    pub fn weakest(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let rank = |verdict: &Self| match verdict {
            Self::TotalPassed => 0,
            Self::Unsigned => 1,
            Self::CannotTell => 2,
            Self::Indeterminate => 3,
            Self::TotalFailed => 4,
        };
        verdicts.into_iter().max_by_key(rank)
    }

    /// The word as it stands in JSON and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::TotalPassed => "total-passed",
            Self::Indeterminate => "indeterminate",
            Self::TotalFailed => "total-failed",
            Self::Unsigned => "unsigned",
            Self::CannotTell => "cannot-tell",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_signature_spoils_the_file() {
        use Verdict::{Indeterminate, TotalFailed, TotalPassed};
        assert_eq!(Verdict::weakest([TotalPassed, TotalFailed, Indeterminate]), Some(TotalFailed));
        assert_eq!(Verdict::weakest([TotalPassed, Indeterminate]), Some(Indeterminate));
        assert_eq!(Verdict::weakest([TotalPassed]), Some(TotalPassed));
        assert_eq!(Verdict::weakest([]), None);
    }

    #[test]
    fn the_word_is_that_of_json() {
        for verdict in [Verdict::TotalPassed, Verdict::Indeterminate, Verdict::CannotTell] {
            assert_eq!(serde_json::to_string(&verdict).expect("plain"), format!("{:?}", verdict.word()));
        }
    }
}

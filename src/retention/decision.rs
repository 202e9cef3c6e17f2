//! What is decided about one record, and why: the answer of `retention explain`.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::Lang;

/// Whether a record must be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its period runs, or nobody knows when it ends.
    Retain,
    /// A legal hold keeps it, whatever the dates say.
    Held,
    /// Its period is over. This allows people to decide; it destroys nothing by itself.
    Eligible,
}

/// The decision about one record, with every policy that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Decision {
    /// Retain, held or eligible.
    pub decision: Outcome,
    /// The last day on which the record must be kept, inclusive; null when no expiry is known.
    pub retain_until: Option<NaiveDate>,
    /// The date asked for earlier, where it is later than what the policies ask for today: a period that was once
    /// decided is never shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<NaiveDate>,
    /// One per policy that applies, the one that keeps longest first. Empty when no policy covers the class.
    pub reasons: Vec<Reason>,
}

/// What one policy asks of the record. Words come in Japanese, and in English under `..._en`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Reason {
    /// Id of the policy.
    pub policy: String,
    /// The law, as `法人税法施行規則`.
    pub law: String,
    /// The law in English.
    pub law_en: String,
    /// The article, as `第59条第2項`.
    pub article: String,
    /// The article in English.
    pub article_en: String,
    /// What started the period and how long it is, or why no expiry is known.
    pub trigger: String,
    /// The trigger in English.
    pub trigger_en: String,
    /// First day of the period (起算日), where there is one.
    pub start: Option<NaiveDate>,
    /// Last day of the period, inclusive; null when this policy knows no expiry.
    pub until: Option<NaiveDate>,
    /// The policy has since been changed or removed; it goes on to hold for what was deposited before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub former: bool,
    /// The policy covers a class that the record had before, not the present one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub former_class: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Decision {
    /// Holds the record to a date that was asked for earlier, if that is later. What has no end keeps none.
    #[must_use]
    pub fn not_before(mut self, promised: Option<NaiveDate>, today: NaiveDate) -> Self {
        if let (Some(until), Some(earlier)) = (self.retain_until, promised)
            && earlier > until
        {
            self.retain_until = Some(earlier);
            self.promised = Some(earlier);
            self.decision = if today > earlier { Outcome::Eligible } else { Outcome::Retain };
        }
        self
    }

    /// Keeps the record under legal hold, whatever the dates say.
    #[must_use]
    pub fn held(mut self) -> Self {
        self.decision = Outcome::Held;
        self
    }
}

impl Reason {
    /// The law and article in one language.
    #[must_use]
    pub fn citation(&self, lang: Lang) -> String {
        match lang {
            Lang::Ja => format!("{}{}", self.law, self.article),
            Lang::En => format!("{}, {}", self.law_en, self.article_en),
        }
    }

    /// The trigger in one language.
    #[must_use]
    pub fn trigger_in(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.trigger,
            Lang::En => &self.trigger_en,
        }
    }
}

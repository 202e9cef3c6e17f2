//! Something that comes due, as plain data, whatever part of the archive it comes from.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What kind of date it is; messages are grouped by it, in this order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Last day on which a renewal can still be refused (更新拒絶期限).
    RenewalNotice,
    /// A contract ends.
    ContractEnd,
    /// Retention is over: what happens next has to be decided.
    RetentionDue,
    /// Contracts must have a timestamp by then, and have none.
    StampDeadline,
    /// Timestamps were not renewed in time; told by the month.
    TimestampExpiry,
    /// A backup is missing or was not verified.
    Backup,
    /// A job did not succeed.
    Job,
}

impl Kind {
    /// Whether it has happened already, so that nobody is reminded of it before or after.
    pub fn is_news(self) -> bool {
        matches!(self, Self::TimestampExpiry | Self::Backup | Self::Job)
    }

    /// Heading of its group: Japanese and English.
    pub fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::RenewalNotice => ("更新拒絶の期限", "Last day to refuse renewal"),
            Self::ContractEnd => ("契約の終了", "Contracts that end"),
            Self::RetentionDue => ("保存期間の満了", "Retention that is over"),
            Self::StampDeadline => ("タイムスタンプ付与の期限", "Last day for a timestamp"),
            Self::TimestampExpiry => ("タイムスタンプの更新", "Timestamps to renew"),
            Self::Backup => ("バックアップ", "Backups"),
            Self::Job => ("定期処理", "Scheduled jobs"),
        }
    }
}

/// One thing that comes due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Item {
    pub kind: Kind,
    pub due: NaiveDate,
    /// Id of the record, or another name of what it is about; with kind and day it makes the item one of a kind.
    pub subject: String,
    /// Whether `subject` is a record.
    pub record: bool,
    /// What to do, in one short sentence.
    pub text_ja: String,
    pub text_en: String,
    /// Counterparty and title: told only to who may read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Item {
    /// What tells it from all others, from day to day.
    pub fn key(&self) -> String {
        format!("{:?} {} {}", self.kind, self.due, self.subject)
    }
}

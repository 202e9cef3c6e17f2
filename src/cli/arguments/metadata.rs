//! Metadata on the command line: one flag for each field.

use clap::Args;

use super::retention;
use crate::web::api::input::MetadataInput;

/// Metadata on the command line.
#[derive(Debug, Args)]
pub struct MetadataFlags {
    /// Our own legal entity; the archive's only one by default
    #[arg(long)]
    pub entity: Option<String>,
    /// Transaction date (取引年月日): 2026-02-01, 令和8年2月1日, R8.2.1
    #[arg(long)]
    pub date: Option<String>,
    /// Counterparty (取引先) as the contract writes it
    #[arg(long)]
    pub counterparty: Option<String>,
    /// Amount (取引金額): 1100000, 1,100,000円, 110万円
    #[arg(long, conflicts_with = "no_amount", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// The contract states no amount
    #[arg(long)]
    pub no_amount: bool,
    /// Currency of the amount, ISO 4217
    #[arg(long)]
    pub currency: Option<String>,
    /// Title (件名)
    #[arg(long)]
    pub title: Option<String>,
    /// Document class (書類種別), e.g. contract, invoice
    #[arg(long)]
    pub class: Option<String>,
    /// Management number (管理番号)
    #[arg(long)]
    pub number: Option<String>,
    /// Day on which it was received (受領日)
    #[arg(long)]
    pub received_at: Option<String>,
    /// Day on which it was signed (締結日)
    #[arg(long)]
    pub signed_on: Option<String>,
    /// Day on which it takes effect (契約開始日)
    #[arg(long)]
    pub effective_from: Option<String>,
    /// Day on which it ends (契約終了日)
    #[arg(long)]
    pub ends_on: Option<String>,
    /// How long before its end notice must be given against renewal (更新拒絶の通知期間): 3か月, 90d
    #[arg(long, value_name = "SPAN")]
    pub notice_period: Option<String>,
    /// By how long it goes on by itself when nobody gives notice (自動更新期間): 1年, 12m
    #[arg(long, value_name = "SPAN")]
    pub renews_every: Option<String>,
    /// Corporate number (法人番号), 13 digits
    #[arg(long)]
    pub corporate_number: Option<String>,
    /// Invoice registration number (登録番号), T and 13 digits
    #[arg(long)]
    pub invoice_number: Option<String>,
    /// Another field, such as the day of an event that starts a retention period: 引渡日=2026-03-31; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = retention::named_value)]
    pub custom: Vec<(String, String)>,
}

impl MetadataFlags {
    pub fn input(&self) -> MetadataInput {
        MetadataInput {
            entity: self.entity.clone(),
            date: self.date.clone(),
            signed_on: self.signed_on.clone(),
            effective_from: self.effective_from.clone(),
            ends_on: self.ends_on.clone(),
            notice_period: self.notice_period.clone(),
            renews_every: self.renews_every.clone(),
            received_on: self.received_at.clone(),
            counterparty: self.counterparty.clone(),
            corporate_number: self.corporate_number.clone(),
            invoice_number: self.invoice_number.clone(),
            amount: self.amount.clone(),
            no_amount: self.no_amount,
            currency: self.currency.clone(),
            tax: None,
            class: self.class.clone(),
            title: self.title.clone(),
            number: self.number.clone(),
            custom: self.custom.iter().cloned().collect(),
        }
    }
}

//! Where notices come from: each part of the archive that knows a date, as one function that makes items of it.

use chrono::NaiveDate;

use super::item::{Item, Kind};
use crate::archive::{Archive, ArchiveError, ContractEnd, Principal};

/// Items whose days lie in `from..=until` (both included), as far as `who` may see them.
pub type Source = fn(&Archive, &Principal, NaiveDate, NaiveDate) -> Result<Vec<Item>, ArchiveError>;

/// Every source. What knows another date is added here.
pub const SOURCES: [Source; 1] = [contract_ends];

/// Contracts whose metadata say when they end.
fn contract_ends(
    archive: &Archive,
    who: &Principal,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Item>, ArchiveError> {
    Ok(archive.contract_ends(who, from, until)?.into_iter().map(contract_end).collect())
}

fn contract_end(end: ContractEnd) -> Item {
    let name = match end.title {
        Some(title) => format!("{} {title}", end.counterparty),
        None => end.counterparty,
    };
    Item {
        kind: Kind::ContractEnd,
        due: end.ends_on,
        subject: end.id.to_string(),
        record: true,
        text_ja: "契約が終わります".into(),
        text_en: "the contract ends".into(),
        name: Some(name),
    }
}

//! `deposit`: seal and store contracts; suggestions fill gaps only when somebody confirms them.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::CliError;
use super::arguments::DepositOptions;
use super::client::{self, Client};
use super::error::PARTLY_DONE;
use super::output::{Lang, Output};
use crate::archive::Receipt;
use crate::record::{Currency, Money, amount};
use crate::web::api::Status;
use crate::web::api::input::MetadataInput;
use crate::web::api::records::Suggestion;

pub fn run(data: &Path, options: &DepositOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let limit = client.get::<Status>("/api/v1/status")?.max_bytes;
    let mut receipts = Vec::new();
    let mut failed = None;
    for path in &options.files {
        match deposit_one(&client, path, options, limit, output) {
            Ok(receipt) => receipts.push(receipt),
            Err(error) if options.files.len() == 1 => return Err(error),
            Err(error) => {
                output.say(&format!("{}: {error}", path.display()), &format!("{}: {error}", path.display()));
                failed = failed.or(Some(error));
            }
        }
    }
    if receipts.is_empty()
        && let Some(error) = failed
    {
        return Err(error);
    }
    output.result(&receipts, |out| {
        receipts.iter().try_for_each(|receipt| print_receipt(receipt, output, out))
    })?;
    Ok(if failed.is_some() { ExitCode::from(PARTLY_DONE) } else { ExitCode::SUCCESS })
}

fn deposit_one(
    client: &Client,
    path: &Path,
    options: &DepositOptions,
    limit: u64,
    output: &Output,
) -> Result<Receipt, CliError> {
    let bytes = read_file(path, limit)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut metadata = options.metadata.input();
    if has_gaps(&metadata) {
        let form =
            client::deposit(client.transport(), "/api/v1/suggestions", &metadata, &name, bytes.clone());
        let (_, suggestion) = client.run(form)?;
        fill_gaps(&mut metadata, &suggestion, options.accept_suggestions, output)?;
    }
    let form = client::deposit(client.transport(), "/api/v1/records", &metadata, &name, bytes);
    client.run(form).map(|(_, receipt)| receipt)
}

/// Reads a contract, refusing one that the archive would refuse before it is in memory.
pub(super) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let failed = |error| CliError::file(path, &error);
    let too_large = || {
        let message =
            format!("{} is larger than the {limit} bytes that this archive accepts", path.display());
        let hint = "raise [deposit] max_bytes in shosoin.toml if the machine has the memory";
        let ja = format!("{} は、このアーカイブの上限 {limit} バイトを超えています", path.display());
        CliError::new("too-large", message, Some(hint)).ja(ja)
    };
    let file = File::open(path).map_err(failed)?;
    let told = file.metadata().map_err(failed)?.len();
    if told > limit {
        return Err(too_large());
    }
    // Devices and growing files do not tell their length: one byte beyond the limit is enough to know. Room for all of it is
    // asked for once, because growing would need more than twice as much.
    let most = limit.saturating_add(1);
    let room = if told > 0 { told + 1 } else { most };
    let mut bytes = Vec::new();
    let no_room = |_| failed(std::io::ErrorKind::OutOfMemory.into());
    bytes.try_reserve_exact(usize::try_from(room).unwrap_or(usize::MAX)).map_err(no_room)?;
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

fn has_gaps(metadata: &MetadataInput) -> bool {
    metadata.date.is_none()
        || metadata.counterparty.is_none()
        || (metadata.amount.is_none() && !metadata.no_amount)
}

/// Takes over what is suggested if it is confirmed: on a terminal by answering, otherwise by the flag.
fn fill_gaps(
    metadata: &mut MetadataInput,
    suggestion: &Suggestion,
    accept: bool,
    output: &Output,
) -> Result<(), CliError> {
    let mut filled = metadata.clone();
    filled.date = filled.date.or_else(|| suggestion.date.map(|date| date.to_string()));
    filled.counterparty = filled.counterparty.or_else(|| suggestion.counterparty.clone());
    if filled.amount.is_none() && !filled.no_amount {
        // A currency given as a flag stays, and an amount in another one does not fit it.
        let fits =
            |money: &Money| filled.currency.as_deref().is_none_or(|code| code == money.currency.code());
        let money = suggestion.amount.filter(fits);
        filled.amount = money.map(|money| amount::format_minor(money.minor, money.currency));
        filled.currency = money.map(|money| money.currency.to_string()).or(filled.currency);
        filled.no_amount = suggestion.no_amount && money.is_none();
    }
    let summary = summary(&filled, output.lang);
    if has_gaps(&filled) {
        let message = format!("metadata is missing, and the file does not tell it; known so far: {summary}");
        let hint = "give --date, --counterparty and --amount (or --no-amount)";
        let ja = format!(
            "項目が足りず、ファイルからも読み取れません。--date、--counterparty、--amount（または --no-amount）で指定してください。\
             わかっている項目: {summary}"
        );
        return Err(CliError::new("invalid", message, Some(hint)).ja(ja));
    }
    if !accept && !confirm(&summary, output) {
        let message = format!("metadata is missing; the file suggests: {summary}");
        let hint = "give the values as flags, or add --accept-suggestions to take them unseen";
        let ja = format!(
            "項目が足りません。ファイルからは次のように読み取れます: {summary}。\
             各項目を指定するか、このまま預けるなら --accept-suggestions を付けてください"
        );
        return Err(CliError::new("invalid", message, Some(hint)).ja(ja));
    }
    *metadata = filled;
    Ok(())
}

fn summary(metadata: &MetadataInput, lang: Lang) -> String {
    let unknown = if lang == Lang::Ja { "不明" } else { "unknown" };
    let amount = if metadata.no_amount { Some("-") } else { metadata.amount.as_deref() };
    let text = |value: Option<&str>| value.unwrap_or(unknown).to_owned();
    let (date, party) = (text(metadata.date.as_deref()), text(metadata.counterparty.as_deref()));
    match lang {
        Lang::Ja => format!("取引年月日 {date}、取引先 {party}、取引金額 {}", text(amount)),
        Lang::En => format!("date {date}, counterparty {party}, amount {}", text(amount)),
    }
}

/// Asks on the terminal. Without one nobody can confirm, so the answer is no.
fn confirm(summary: &str, output: &Output) -> bool {
    if output.json || !std::io::stdin().is_terminal() {
        return false;
    }
    let question = output.text("この内容で預け入れますか", "Deposit with these values");
    let _ = write!(std::io::stderr(), "{summary}\n{question} [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "はい")
}

fn print_receipt(receipt: &Receipt, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let state = match receipt.duplicate {
        true => output.text(
            "同じ内容が預け入れ済みです（何も変えていません。項目を直すには shosoin correct）",
            "was deposited before; nothing changed (`shosoin correct` changes what is known about it)",
        ),
        false => output.text("預け入れました", "deposited"),
    };
    writeln!(out, "{}  {state}", receipt.id)?;
    writeln!(out, "  SHA-256 {}  {} bytes  journal {}", receipt.sha256, receipt.size, receipt.journal_seq)?;
    super::inspect::headline(&receipt.panel, "  ", output, out)
}

/// An amount as people read it.
pub(super) fn amount_text(minor: Option<i64>, currency: Option<&str>, output: &Output) -> String {
    let currency = currency.and_then(|code| code.parse::<Currency>().ok());
    match (minor, currency) {
        (Some(minor), Some(currency)) if currency == Currency::JPY => {
            format!("{}{}", amount::format_minor(minor, currency), output.text("円", " JPY"))
        }
        (Some(minor), Some(currency)) => format!("{} {currency}", amount::format_minor(minor, currency)),
        _ => output.text("（金額なし）", "(no amount)").to_owned(),
    }
}

/// Where a relative path of an index book leads, without leaving the directory of the files.
pub(super) fn inside(directory: &Path, file: &str) -> Option<PathBuf> {
    let relative = Path::new(file);
    let plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    (plain && !file.is_empty()).then(|| directory.join(relative))
}

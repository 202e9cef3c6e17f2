//! `inspect`: the signature panel of any PDF, in an archive or not.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::CliError;
use super::arguments::InspectOptions;
use super::error::{PARTLY_DONE, VERIFICATION_FAILED};
use super::output::Output;
use crate::archive::{Clock, SystemClock};
use crate::panel::{self, Panel, PanelSignature, Verdict};
use crate::pdf::Format;
use crate::pki::fetch::{Fetcher, HttpFetcher, Limits, Remembering};
use crate::pki::revocation::Evidence;
use crate::pki::trust::TrustStore;
use crate::record::Digest;

/// The panel of one file.
#[derive(Serialize)]
struct Inspected {
    file: String,
    sha256: Digest,
    /// Bytes.
    size: usize,
    #[serde(flatten)]
    panel: Panel,
}

/// Judges every file; the exit code is 4 when a signature of any is invalid, else 3 when some of several could not be read.
pub fn run(options: &InspectOptions, output: &Output) -> Result<ExitCode, CliError> {
    let trust = trust(&options.trust)?;
    let at = options.at.unwrap_or_else(|| SystemClock.now());
    let limits =
        Limits { timeout: Duration::from_secs(5), allow_private: options.fetch_private, ..Limits::default() };
    let fetcher = options.fetch.then(|| Remembering::new(HttpFetcher::for_system(limits)));
    let fetcher = fetcher.as_ref().map(|fetcher| -> &dyn Fetcher { fetcher });
    let (mut inspected, mut unread) = (Vec::new(), None);
    let bar = output.progress(options.files.len() as u64, "files");
    for path in &options.files {
        match read(path) {
            Ok(bytes) => {
                let panel = panel::examine_fetching(&bytes, &trust, at, &Evidence::default(), fetcher);
                let file = path.display().to_string();
                inspected.push(Inspected { file, sha256: Digest::of(&bytes), size: bytes.len(), panel });
            }
            Err(error) if options.files.len() == 1 => return Err(error),
            Err(error) => {
                output.say(error.told_ja(), &error.message);
                unread = unread.or(Some(error));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if inspected.is_empty()
        && let Some(error) = unread
    {
        return Err(error);
    }
    print_all(&inspected, options.files.len() == 1, output)?;
    let failed = inspected.iter().any(|one| one.panel.verdict == Verdict::TotalFailed);
    Ok(match unread {
        _ if failed => ExitCode::from(VERIFICATION_FAILED),
        Some(_) => ExitCode::from(PARTLY_DONE),
        None => ExitCode::SUCCESS,
    })
}

/// A list, unless only one file was asked about.
fn print_all(inspected: &[Inspected], alone: bool, output: &Output) -> Result<(), CliError> {
    let say = |out: &mut dyn Write| inspected.iter().try_for_each(|one| print_file(one, output, out));
    match inspected {
        [one] if alone => output.result(one, say),
        all => output.result(&all, say),
    }
}

/// The roots given, or those of the operating system.
pub(super) fn trust(places: &[PathBuf]) -> Result<TrustStore, CliError> {
    if places.is_empty() {
        return Ok(TrustStore::system());
    }
    let mut trust = TrustStore::default().unwrapping(crate::pdf::security_settings);
    for place in places {
        trust.add_path(place).map_err(|error| {
            let hint = "give a directory of PEM or DER certificates, or a trusted list (Adobe AATL, EU)";
            CliError::new("invalid", format!("--trust {}: {error}", place.display()), Some(hint))
        })?;
    }
    Ok(trust)
}

/// Largest file read into memory, in bytes; larger ones are not contracts.
const MAX_BYTES: u64 = 1 << 30;

pub(super) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let size = std::fs::metadata(path).map_err(|error| CliError::file(path, &error))?.len();
    if size > MAX_BYTES {
        let hint = Some("files up to 1 GiB can be inspected");
        return Err(CliError::new(
            "too-large",
            format!("{} is too large: {size} bytes", path.display()),
            hint,
        ));
    }
    std::fs::read(path).map_err(|error| CliError::file(path, &error))
}

fn print_file(one: &Inspected, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", one.file)?;
    writeln!(out, "  SHA-256 {}  {} bytes", one.sha256, one.size)?;
    print(&one.panel, "  ", output, out)
}

/// The panel in a line, after what is unusual about the file as such.
pub(super) fn headline(
    panel: &Panel,
    indent: &str,
    output: &Output,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let unusual = match panel.format {
        Format::Pdf { .. } if panel.not_read.is_some() => {
            Some(("PDFを最後まで読み取れませんでした。", "The PDF could not be read to its end."))
        }
        Format::Pdf { .. } => None,
        Format::DamagedPdf { .. } => Some((
            "PDFが壊れています（原本はそのまま扱います）。",
            "The PDF is damaged; it is taken as it is.",
        )),
        Format::EncryptedPdf => Some(("暗号化されたPDFです。", "The PDF is encrypted.")),
        Format::NotPdf => Some(("PDFではありません。", "This is not a PDF.")),
        Format::Empty => Some(("空のファイル（0バイト）です。", "The file is empty (0 bytes).")),
    };
    if let Some((ja, en)) = unusual {
        writeln!(out, "{indent}{}", output.text(ja, en))?;
    }
    writeln!(out, "{indent}{}", output.text(&panel.headline.ja, &panel.headline.en))
}

/// The panel in words, each line after `indent`.
pub(super) fn print(
    panel: &Panel,
    indent: &str,
    output: &Output,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    headline(panel, indent, output, out)?;
    panel.signatures.iter().try_for_each(|signature| print_signature(signature, indent, output, out))
}

fn print_signature(
    signature: &PanelSignature,
    indent: &str,
    output: &Output,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let kind = match signature.kind {
        crate::pdf::SignatureKind::Signature => output.text("署名", "signature"),
        crate::pdf::SignatureKind::Timestamp => output.text("タイムスタンプ", "timestamp"),
    };
    writeln!(
        out,
        "{indent}{kind} {}: {}  {}",
        signature.field,
        signature.verdict.word(),
        signature.subfilter
    )?;
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let authority = signature.timestamp_authority.as_ref().map(|authority| authority.name.clone());
    let untrusted =
        output.text("（信頼できる発行局のものと確認できません）", " (not traced to a trusted authority)");
    let stamped = signature.timestamp_time.map(|at| match signature.time_is_proven() {
        true => time(at),
        false => format!("{}{untrusted}", time(at)),
    });
    let facts = [
        (output.text("署名者", "signer"), signature.signer.clone()),
        (output.text("タイムスタンプ", "timestamp"), stamped),
        (output.text("時刻認証局", "timestamp authority"), authority),
        (output.text("署名者の時計", "signer's clock"), signature.claimed_time.map(time)),
        (output.text("保護の期限", "protected until"), signature.protected_until.map(time)),
    ];
    for (label, value) in facts {
        if let Some(value) = value {
            writeln!(out, "{indent}  {label}: {value}")?;
        }
    }
    for reason in &signature.reasons {
        writeln!(out, "{indent}  {}", output.text(&reason.ja, &reason.en))?;
    }
    for later in &signature.later {
        for change in &later.changes {
            let label = output.text("後の改訂", "later revision");
            writeln!(out, "{indent}  {label} {}: {}", later.revision, output.text(&change.ja, &change.en))?;
        }
    }
    Ok(())
}

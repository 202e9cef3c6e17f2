//! `key status`, and the reminder that a recovery kit is missing.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};

use super::super::CliError;
use super::super::client::Client;
use super::super::output::Output;
use crate::archive::{KeyStatus, KitState, RotationState};

pub fn run(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let status: KeyStatus = Client::open(data)?.get("/api/v1/key")?;
    output.result(&status, |out| print(out, &status, output))?;
    Ok(ExitCode::SUCCESS)
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn print(out: &mut dyn Write, status: &KeyStatus, output: &Output) -> std::io::Result<()> {
    let text = |ja, en| output.text(ja, en).to_owned();
    writeln!(
        out,
        "{}: {} ({} {})",
        text("鍵の番号", "key id"),
        status.key_id,
        text("使用開始", "since"),
        day(status.since)
    )?;
    let protection = match status.argon2id {
        Some([memory, passes, lanes]) => {
            let name = text("合言葉", "passphrase");
            format!("{name} (Argon2id, {} MiB, {passes}, {lanes})", memory / 1024)
        }
        None => text("ファイルの権限だけ", "permissions of the file only"),
    };
    writeln!(out, "{}: {protection}", text("守るもの", "protected by"))?;
    let mode = status.mode.clone().unwrap_or_else(|| text("ありません", "is not there"));
    writeln!(out, "{}: {} ({mode})", text("鍵ファイル", "key file"), status.path)?;
    for under in &status.wrapped {
        let present = under.key_id == status.key_id;
        let which = if present { String::new() } else { text(" 旧い鍵", " former key") };
        writeln!(
            out,
            "{}: {} ({}{which})",
            text("包んでいる契約書の鍵", "contract keys wrapped"),
            under.count,
            under.key_id
        )?;
    }
    for former in &status.former {
        let until = former.until.map_or_else(|| "-".to_owned(), day);
        writeln!(
            out,
            "{}: {} ({} {until})",
            text("残している旧い鍵", "former key, kept"),
            former.key_id,
            text("期限", "until")
        )?;
    }
    let kit = kit_words(&status.kit, output);
    writeln!(out, "{}: {kit}", text("復旧キット", "recovery kit"))?;
    let rotation = rotation_words(status.rotation.as_ref(), output);
    writeln!(out, "{}: {rotation}", text("鍵の更新", "rotation"))?;
    status.warnings.iter().try_for_each(|word| writeln!(out, "! {}", warning(word, output)))
}

fn kit_words(kit: &KitState, output: &Output) -> String {
    let (at, by) = (kit.at.map(day).unwrap_or_default(), kit.by.clone().unwrap_or_default());
    let number = kit.kit.clone().unwrap_or_default();
    let (shares, threshold) = (kit.shares.unwrap_or_default(), kit.threshold.unwrap_or_default());
    let (ja, en) = match kit.state.as_str() {
        "made" => (
            format!("あり（{number}、{shares}枚のうち{threshold}枚で復元、{at}、{by}）"),
            format!("made ({number}; {threshold} of {shares} shares restore the key; {at}, {by})"),
        ),
        "stale" => (
            format!("旧い鍵のもの（{number}）。更新前の控えだけを開けます"),
            format!("of a former key ({number}): it opens backups from before the rotation only"),
        ),
        "declined" => (format!("作らないことにしました（{at}、{by}）"), format!("declined ({at}, {by})")),
        _ => ("まだ決めていません".into(), "neither made nor declined".into()),
    };
    output.text(&ja, &en).to_owned()
}

fn rotation_words(rotation: Option<&RotationState>, output: &Output) -> String {
    let (ja, en) = match rotation {
        None => ("まだありません".into(), "never".into()),
        Some(RotationState { from, to, finished_at: Some(at), .. }) => {
            let at = day(*at);
            (format!("{at}（{from} から {to}）"), format!("{at} (from {from} to {to})"))
        }
        Some(RotationState { from, to, started_at, .. }) => {
            let at = day(*started_at);
            (
                format!("途中です（{from} から {to}、{at} に開始）"),
                format!("under way (from {from} to {to}, begun {at})"),
            )
        }
    };
    output.text(&ja, &en).to_owned()
}

/// What a warning of [`KeyStatus::warnings`] says.
fn warning(word: &str, output: &Output) -> String {
    let (ja, en) = match word {
        "kit-missing" => (
            "復旧キットがありません。shosoin key recovery-kit -o ディレクトリ で作るか、--decline で作らないと記録してください",
            "there is no recovery kit: make one with `shosoin key recovery-kit -o DIR`, or record with --decline that there shall be none",
        ),
        "kit-stale" => (
            "復旧キットは旧い鍵のものです。新しいキットを作ってください。旧いキットは、更新前の控えがある間は捨てないでください",
            "the recovery kit is of a former key: make a new one. Keep the old one as long as there are backups from before the rotation",
        ),
        "rotation-unfinished" => (
            "鍵の更新が途中です。shosoin key rotate で続きを行ってください",
            "a rotation was cut short: `shosoin key rotate` goes on with it",
        ),
        "key-file-gone" => (
            "鍵ファイルがその場所にありません。止める前に戻してください",
            "the key file is not where it should be: put it back before anything is stopped",
        ),
        "key-file-open" => (
            "鍵ファイルをほかの人が読めます。chmod 600 を実行してください",
            "others can read the key file: run chmod 600 on it",
        ),
        "keys-left" => (
            "旧い鍵で包まれた契約書の鍵が残っています。夜間の仕事 keys が包み直します（shosoin jobs run keys）",
            "some contract keys are wrapped with a former key: the job `keys` wraps them anew at night (shosoin jobs run keys)",
        ),
        other => (other, other),
    };
    output.text(ja, en).to_owned()
}

/// Says that a kit should be made, or declined.
pub fn remind_of_kit(output: &Output) {
    let text = warning("kit-missing", output);
    output.say(&text, &text);
}

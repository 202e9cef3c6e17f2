//! The certificate of destruction on paper, in Japanese or English.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::Certificate;
use crate::record::Digest;
use crate::report::{Column, Report, ReportError};
use crate::retention::{Lang, class_label, sentence};

/// Writes the certificate. `leaf` is the leaf hash of its journal entry, so that the paper names one entry of one journal.
/// The same certificate gives the same bytes.
pub fn write(certificate: &Certificate, leaf: Digest, zone: Tz, lang: Lang) -> Result<Vec<u8>, ReportError> {
    let words = Words { lang, zone };
    let title = match (&certificate.transfer, lang) {
        (None, Lang::Ja) => "廃棄証明書",
        (None, Lang::En) => "Certificate of destruction",
        (Some(_), Lang::Ja) => "移管・廃棄証明書",
        (Some(_), Lang::En) => "Certificate of transfer and destruction",
    };
    let footer = format!("{} · {} {}", certificate.archive, words.say("文書", "record"), certificate.record);
    let mut report = Report::new(title, lang, certificate.destroyed_at, &footer)?;
    report.paragraph(words.say(
        "下記の文書は、保存期間の満了後、計画者と別の者の承認を得て、下記のとおり廃棄しました。",
        "The record below was destroyed after the end of its retention period, with the consent of a second person.",
    ));
    record(&mut report, certificate, &words);
    reasons(&mut report, certificate, &words);
    people(&mut report, certificate, &words);
    method(&mut report, certificate, &words);
    backups(&mut report, certificate, &words);
    proof(&mut report, certificate, leaf, &words);
    report.finish()
}

struct Words {
    lang: Lang,
    zone: Tz,
}

impl Words {
    fn say(&self, ja: &'static str, en: &'static str) -> &'static str {
        match self.lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    fn day(&self, day: NaiveDate) -> String {
        match self.lang {
            Lang::Ja => day.format("%Y年%-m月%-d日").to_string(),
            Lang::En => day.format("%-d %B %Y").to_string(),
        }
    }

    fn time(&self, time: DateTime<Utc>) -> String {
        let local = time.with_timezone(&self.zone);
        format!("{} {}", self.day(local.date_naive()), local.format("%H:%M:%S (UTC%:z)"))
    }
}

fn record(report: &mut Report, certificate: &Certificate, words: &Words) {
    report.heading(words.say("対象の文書", "The record"));
    let class = class_label(&certificate.class, words.lang);
    report.facts(&[
        (words.say("文書番号", "Record"), &certificate.record.to_string()),
        (words.say("書類種別", "Class"), &format!("{class} ({})", certificate.class)),
        (words.say("法人", "Legal entity"), &certificate.entity),
        (words.say("アーカイブ", "Archive"), &certificate.archive),
    ]);
    report.paragraph(words.say(
        "取引先・金額・件名などの内容は、鍵とともに失われたため、ここには記載できません。",
        "Counterparty, amount and title went with the key and cannot be named here.",
    ));
}

fn reasons(report: &mut Report, certificate: &Certificate, words: &Words) {
    report.heading(words.say("根拠", "Reasons"));
    report.paragraph(&sentence(&certificate.decision, words.lang));
    let columns = [
        Column::new(words.say("法令・規程", "Law"), 4.0),
        Column::new(words.say("起算", "Counted from"), 4.0),
        Column::new(words.say("起算日", "Start"), 1.6),
        Column::new(words.say("満了日", "Until"), 1.6),
    ];
    let day = |day: Option<NaiveDate>| day.map_or_else(|| "–".to_owned(), |day| day.to_string());
    let rows = certificate.decision.reasons.iter().map(|reason| {
        let trigger = reason.trigger_in(words.lang).to_string();
        vec![reason.citation(words.lang).to_string(), trigger, day(reason.start), day(reason.until)]
    });
    report.table(&columns, rows);
}

fn people(report: &mut Report, certificate: &Certificate, words: &Words) {
    report.heading(words.say("手続", "Steps"));
    let approved = format!("{} · {}", certificate.approval.by, words.time(certificate.approval.at));
    let performed = format!("{} · {}", certificate.performed_by, words.time(certificate.destroyed_at));
    let trusted = format!("{} · {}", words.time(certificate.trusted.time), certificate.trusted.proof);
    report.facts(&[
        (words.say("保存期限", "Kept until"), &words.day(certificate.retain_until)),
        (words.say("計画した者", "Planned by"), &certificate.planned_by),
        (words.say("承認した者・日時", "Approved by"), &approved),
        (words.say("実行した者・日時", "Performed by"), &performed),
        (words.say("タイムスタンプの時刻", "Time by timestamp token"), &trusted),
    ]);
    let Some(went) = &certificate.transfer else { return };
    report.heading(words.say("移管", "Transfer"));
    let confirmed = format!("{} · {}", went.confirmed_by, words.time(went.confirmed_at));
    report.facts(&[
        (words.say("移管先", "Transferred to"), &went.to),
        (words.say("受領したアーカイブ", "Received by"), &went.archive),
        (words.say("移管先での番号", "Id there"), went.there.as_deref().unwrap_or("–")),
        (words.say("受領書を登録した者・日時", "Receipt handed in by"), &confirmed),
        (words.say("受領書のSHA-256", "SHA-256 of the receipt"), &went.receipt.to_string()),
    ]);
}

fn method(report: &mut Report, certificate: &Certificate, words: &Words) {
    report.heading(words.say("方法", "Method"));
    match words.lang {
        Lang::En => report.paragraph(&certificate.method),
        Lang::Ja => report.paragraph(
            "暗号学的消去（NIST SP 800-88 Rev. 1 第2.6節）。暗号化された個別鍵、メタデータの各版、抽出した本文を保存領域から除き、\
             ファイルに残る痕跡も消去しました。暗号化された原本と検索索引の項目も除きました。この文書に関する記録（ジャーナル）は、\
             廃棄した鍵で暗号化されたまま残ります。",
        ),
    }
}

fn backups(report: &mut Report, certificate: &Certificate, words: &Words) {
    let Some(keys) = &certificate.backup_keys else { return };
    report.heading(words.say("バックアップ", "Backups"));
    if keys.tiers.is_empty() {
        report.paragraph(words.say(
            "廃棄の時点で、このアーカイブにバックアップの保存先は設定されていません。ほかの方法で作った複製は、この証明書の対象外です。",
            "No place for backups was set in this archive at that time. Copies made in other ways are not covered by this certificate.",
        ));
        return;
    }
    let (day, days, tiers) = (words.day(keys.on), keys.days, keys.tiers.join(", "));
    report.facts(&[
        (words.say("最後の鍵の控えの失効日", "Last backup copy of the key lapses on"), &day),
        (words.say("バックアップの種類", "Tiers"), &tiers),
    ]);
    let text = match words.lang {
        Lang::Ja => format!(
            "鍵の控えは{days}日間だけ保存され、{day}以降に行う最初のバックアップで除かれます。年次を含む各世代のバックアップには\
             暗号化された原本だけがあり、鍵はありません。それ以後は、どの世代からもこの文書を読むことはできません。"
        ),
        Lang::En => format!(
            "Copies of keys are kept for {days} days and removed by the first backup run on or after {day}. Generations, yearly \
             ones too, hold the sealed contract and no keys: after that no generation, however old, can be read."
        ),
    };
    report.paragraph(&text);
}

fn proof(report: &mut Report, certificate: &Certificate, leaf: Digest, words: &Words) {
    report.heading(words.say("記録（ジャーナル）による証明", "Proof in the journal"));
    report.facts(&[
        (words.say("計画の番号", "Plan"), &certificate.plan),
        (words.say("計画のSHA-256", "SHA-256 of the plan"), &certificate.plan_digest.to_string()),
        (words.say("預け入れの記録番号", "Entry of the deposit"), &certificate.deposit_seq.to_string()),
        (words.say("廃棄の記録番号", "Entry of the destruction"), &certificate.journal_seq.to_string()),
        (
            words.say("廃棄の記録のハッシュ（RFC 6962）", "Leaf hash of that entry (RFC 6962)"),
            &leaf.to_string(),
        ),
        (
            words.say("原本の照合値（HMAC-SHA-256）", "Recognises the original (HMAC-SHA-256)"),
            &certificate.content_mac,
        ),
    ]);
    let command = format!("shosoin journal proof {}", certificate.journal_seq);
    report.paragraph(&match words.lang {
        Lang::Ja => format!("{command} で、この記録が署名済みのジャーナルに含まれることを確かめられます。"),
        Lang::En => format!("{command} shows that the entry is in the signed journal."),
    });
}

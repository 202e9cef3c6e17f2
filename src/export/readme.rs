//! The notes for whoever opens a package: what is here and how to check it, in Japanese and English.

use super::item::{PackageInfo, Summary};

/// Text of `data/README.txt`: UTF-8 with byte order mark and CRLF, so that any text editor shows it.
///
/// It states facts and steps only; whether a law is met is for people to judge.
pub(super) fn text(info: &PackageInfo, summary: &Summary) -> String {
    let facts = [
        ("@origin@", info.origin.clone()),
        ("@by@", info.exported_by.clone()),
        ("@at@", info.exported_at.with_timezone(&info.zone).to_rfc3339()),
        ("@selection@", info.selection.clone().unwrap_or_else(|| "-".to_owned())),
        ("@records@", summary.records.to_string()),
        ("@failures@", summary.failures.to_string()),
    ];
    let one_line = |value: &str| value.replace(char::is_control, " ");
    let mut text = TEMPLATE.to_owned();
    for (mark, value) in &facts {
        text = text.replace(mark, &one_line(value));
    }
    format!("\u{feff}{}", text.replace('\n', "\r\n"))
}

const TEMPLATE: &str = r#"正倉院 (Shosoin) 出力パッケージ

出力元 @origin@
出力者 @by@
出力日時 @at@
条件 @selection@
件数 @records@ 件（出力できなかったもの @failures@ 件）

1. 内容
  data/renditions/        長期署名（検証情報とタイムスタンプを原本の後ろに加えたもの）があるときだけ入ります。
  data/originals/         原本。登録されたファイルのままで、名前だけを 日付_取引先_金額 に付け替えています。
  data/index.csv          索引簿。1行が原本1件です（UTF-8、BOM付き、CRLF）。
  data/history.csv        訂正削除履歴。いつ・誰が・何を・なぜ変えたか。
  data/history/           各記録の全ての版（JSON）。ファイル名は記録IDです。
  data/journal/           操作記録（ジャーナル）の該当部分と、署名付きチェックポイント。
  data/problems.csv       出力できなかった記録と理由（あるときだけ）。
  manifest-sha256.txt     data/ 以下の全ファイルの SHA-256（BagIt 1.0、RFC 8493）。
  tagmanifest-sha256.txt  manifest などの SHA-256。

  取引金額の空欄は「金額の記載なし」で、0円とは異なります。取下げ欄に「取下げ」とあるものは論理削除された
  記録です。= + - @ などで始まる文字列のセルには、計算式として実行されないよう先頭に ' を付けています。

2. ファイルが変わっていないことの確認
  このパッケージの一番上のフォルダーで:
    sha256sum -c manifest-sha256.txt
    sha256sum -c tagmanifest-sha256.txt
  Windows (PowerShell):
    Get-Content manifest-sha256.txt -Encoding UTF8 | % { $h,$p = $_ -split '  ',2;
      if ((Get-FileHash -LiteralPath $p).Hash -ne $h) { "NG $p" } }
  この確認で分かるのは、作成後にパッケージの中身が変わっていないことです。

3. 操作記録の確認
  data/journal/extract.jsonl（大きいときは extract-2.jsonl 以下に続く）の1行が操作1件です。
    a. entry を base64 から戻したバイト列の前に 0x00 を付けた SHA-256 が葉のハッシュです（RFC 6962 2.1）。
    b. proof（下から上への順）と tree_size から根のハッシュを計算します（RFC 9162 2.1.3.2）。
    c. checkpoint.txt の3行目（base64）と一致することを確かめます。
    d. checkpoint.txt の署名を vkey.txt の公開鍵（Ed25519、C2SP signed-note）で検証します。
    e. vkey.txt は、このパッケージとは別に受け取った鍵と比べてください。
  操作の詳細は暗号化されたままです。誰が・いつ・どの記録に・何をしたかは読めます。

----------------------------------------------------------------------

Shosoin export package

Origin @origin@
Exported by @by@
Exported at @at@
Selection @selection@
Records @records@ (could not be exported: @failures@)

1. What is here
  data/renditions/        Only where there are any: originals with validation data and a timestamp behind them.
  data/originals/         The originals, byte for byte as deposited; only renamed to date_counterparty_amount.
  data/index.csv          The index book, one line for each original (UTF-8 with BOM, CRLF).
  data/history.csv        Corrections and withdrawals: when, by whom, what, why.
  data/history/           All metadata versions of each record (JSON), named by record id.
  data/journal/           The journal entries about these records, and a signed checkpoint.
  data/problems.csv       Records that could not be exported, with reasons (only if there are any).
  manifest-sha256.txt     SHA-256 of every file below data/ (BagIt 1.0, RFC 8493).
  tagmanifest-sha256.txt  SHA-256 of the manifest and the other tag files.

  A blank amount means that the document states none, which is not an amount of zero. Lines marked 取下げ are
  withdrawn (logically deleted). Text cells that begin with = + - @ and the like have a leading ' so that
  no spreadsheet runs them.

2. Checking that no file has changed
  In the top folder of this package:
    sha256sum -c manifest-sha256.txt
    sha256sum -c tagmanifest-sha256.txt
  A PowerShell command is given above. This shows that the package has not changed since it was made.

3. Checking the journal
  Each line of data/journal/extract.jsonl (continued in extract-2.jsonl, ... when large) is one entry.
    a. Decode entry from base64, put a byte 0x00 before it; its SHA-256 is the leaf hash (RFC 6962, 2.1).
    b. Compute the root from proof (lowest first) and tree_size (RFC 9162, 2.1.3.2).
    c. It must equal the third line of checkpoint.txt (base64).
    d. Verify the signature on checkpoint.txt with the key in vkey.txt (Ed25519, C2SP signed-note).
    e. Compare vkey.txt with the key as you received it by another way than this package.
  The details of entries stay encrypted; who did what, when and to which record is readable.
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_filled_and_nothing_is_claimed() {
        let info = super::super::package_tests::info();
        let text = text(&info, &Summary { records: 7, bytes: 0, failures: 1 });
        for mark in ["@origin@", "@by@", "@at@", "@selection@", "@records@", "@failures@"] {
            assert!(!text.contains(mark), "{mark}");
        }
        assert!(text.contains("件数 7 件（出力できなかったもの 1 件）"));
        for claim in ["certified", "compliant", "認証", "準拠", "適合"] {
            assert!(!text.contains(claim), "{claim}");
        }
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }
}

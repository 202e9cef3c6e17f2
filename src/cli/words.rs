//! Errors in Japanese: what happened and what to do, by code. The detail that names the value follows as it is.

/// What an error code means, and what to do about it.
pub struct Words {
    pub what: &'static str,
    pub hint: &'static str,
}

/// The words for `code`; a code that has none is one of the program's own defects.
pub fn japanese(code: &str) -> Words {
    let (what, hint) = match code {
        "usage" => ("コマンドの書き方が違います", "--help を付けると例が表示されます"),
        "invalid" => ("入力された内容を受け付けられません", "示された項目を直して、もう一度実行してください"),
        "not-found" => {
            ("見つかりません", "番号やファイルの場所を確かめてください（番号は shosoin search で探せます）")
        }
        "unauthorized" => (
            "このトークンでは入れません",
            "失効も期限切れもしていないトークンを SHOSOIN_TOKEN に設定してください（一覧は shosoin token list）",
        ),
        "forbidden" => (
            "この操作は許可されていません",
            "システム管理者に役割を付けてもらうか、その役割の人に頼んでください",
        ),
        "conflict" => {
            ("ほかの変更と重なりました", "shosoin show で今の内容を確かめてから、もう一度実行してください")
        }
        "retention" => (
            "保存期間中などの理由で、この操作はできません",
            "期限と根拠は shosoin retention explain で確かめられます",
        ),
        "hold" => (
            "保全（リーガルホールド）中のため、この操作はできません",
            "shosoin hold list で確かめてください。解除は二人目の担当者が行います",
        ),
        "destroyed" => (
            "この文書は以前に保存され、廃棄されたものです",
            "あらためて保存が必要な場合は、別の場所に保管してください",
        ),
        "too-large" => (
            "ファイルが大きすぎます",
            "機械のメモリに余裕があれば shosoin.toml の [deposit] max_bytes を上げてください",
        ),
        "not-an-archive" => (
            "ここにはアーカイブがありません",
            "shosoin --data ディレクトリ init で作るか、--data の場所を確かめてください",
        ),
        "not-empty" => {
            ("このディレクトリは空ではありません", "新しいディレクトリか、空のディレクトリを指定してください")
        }
        "locked" => (
            "ほかのプログラムがこのアーカイブを使用中です",
            "そのプログラムを止めるか、動いているサーバーを通して使ってください",
        ),
        "key-refused" => (
            "鍵が合わないか、読めません",
            "このアーカイブの鍵ファイルを、shosoin.toml に書かれた場所へ戻してください。合言葉があるなら打ち込むか、それを書いたファイルを SHOSOIN_PASSPHRASE_FILE で示してください。失くしたなら、復旧キットから shosoin key recover で復元できます",
        ),
        "newer-format" => {
            ("新しい版で書かれたデータです", "そのデータを書いた版のプログラムを入れてください")
        }
        "corrupt" => (
            "保存されたデータが壊れているか、書き換えられています",
            "データをそのまま別に写してから shosoin fsck で確かめ、控えから復元してください",
        ),
        "disk-full" => (
            "ディスクの空きがありません",
            "空きを作ってから、もう一度実行してください。受け付けた文書は失われていません",
        ),
        "no-timestamp" => (
            "タイムスタンプを取得できません",
            "shosoin.toml の [timestamps] を直すか、発行局が応答するときにもう一度実行してください。保護済みとは記録していません",
        ),
        "no-rendition" => (
            "このファイルにはタイムスタンプを埋め込めません",
            "証拠記録で保護されています。shosoin evidence で書き出せます",
        ),
        "backup" => (
            "控えの処理ができません",
            "保存先のディスクと shosoin.toml の [backup] を確かめてから、もう一度実行してください",
        ),
        "not-restored" => (
            "復元がまだ終わっていません",
            "同じ shosoin restore をもう一度実行してください（続きから始まります）",
        ),
        "stopped" => {
            ("書き込みを止めています", "原因を取り除いて再起動してください。受け付けた文書は失われていません")
        }
        "file" => ("ファイルを読み書きできません", "ファイルの場所と権限、ディスクの空きを確かめてください"),
        "io" => ("読み書きに失敗しました", "ディスクの状態と権限を確かめてから、もう一度実行してください"),
        "config" => {
            ("設定に誤りがあります", "示された場所（shosoin.toml または retention-policies）を直してください")
        }
        "index" => {
            ("検索の索引が使えません", "shosoin index rebuild で作り直してください。文書は失われていません")
        }
        "unreachable" => {
            ("サーバーから応答がありません", "サーバーが動いているか確かめてから、もう一度実行してください")
        }
        "interrupted" => {
            ("中断しました", "受け付けた分は保存されています。続きは同じコマンドをもう一度実行してください")
        }
        _ => ("失敗しました", "もう一度実行しても同じなら、ログを添えて管理者に知らせてください"),
    };
    Words { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code that the engine or a face can answer with.
    const CODES: [&str; 27] = [
        "retention",
        "hold",
        "destroyed",
        "no-timestamp",
        "no-rendition",
        "usage",
        "invalid",
        "not-found",
        "forbidden",
        "unauthorized",
        "conflict",
        "too-large",
        "not-an-archive",
        "not-empty",
        "locked",
        "key-refused",
        "newer-format",
        "corrupt",
        "disk-full",
        "stopped",
        "file",
        "io",
        "config",
        "index",
        "unreachable",
        "backup",
        "not-restored",
    ];

    #[test]
    fn every_code_has_words_of_its_own() {
        let failed = japanese("no such code").what;
        assert!(CODES.iter().all(|code| japanese(code).what != failed));
    }
}

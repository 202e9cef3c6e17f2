//! The steps of the demo, in the order in which a newcomer would take them.

use serde_json::Value;

use super::Demo;
use super::authority::Authority;
use crate::cli::CliError;

const SIGNED_TWICE: &str = "samples/20260201_株式会社国税商事_1100000.pdf";
const ORDER: &str = "samples/20260331_㈱国税商事_330000.pdf";

/// Tells the whole story; returns how many records the archive then holds.
pub fn all(demo: &mut Demo<'_>) -> Result<u64, CliError> {
    let token = create(demo)?;
    trust(demo)?;
    let order = deposit(demo)?;
    import(demo)?;
    search(demo)?;
    correct(demo, &order)?;
    hand_back(demo, &order)?;
    prove(demo, &order)?;
    check(demo)?;
    verify(demo)?;
    timestamps(demo, &order)?;
    export(demo)?;
    backup(demo)?;
    key(demo)?;
    let found = demo.ask(&["search", "--limit", "1"])?;
    farewell(demo, &token);
    Ok(found["total"].as_u64().unwrap_or_default())
}

fn create(demo: &mut Demo<'_>) -> Result<String, CliError> {
    demo.step(
        "アーカイブを作ります。鍵と設定と保存期間の規則ができます。",
        "Create an archive: keys, settings and retention policies.",
    );
    let created = demo.ask(&["init"])?;
    demo.say(
        &format!("$ shosoin init  →  {}", demo.data.display()),
        &format!("$ shosoin init  ->  {}", demo.data.display()),
    );
    Ok(text(&created["admin_token"]))
}

/// The samples were signed under a root made for them, which nobody but this archive should believe.
fn trust(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "見本の署名を検証できるように、見本用の認証局だけを信頼する設定にします（shosoin.toml の [signatures]）。",
        "So that the samples' signatures can be judged, this archive trusts the authority made for them ([signatures] in shosoin.toml).",
    );
    let path = demo.data.join("shosoin.toml");
    let settings = std::fs::read_to_string(&path).map_err(|error| CliError::file(&path, &error))?;
    let settings = settings.replace("\ntrust = []", "\ntrust = [\"../samples/trust\"]");
    std::fs::write(&path, settings).map_err(|error| CliError::file(&path, &error))?;
    demo.show(&["inspect", SIGNED_TWICE, "--trust", "samples/trust"])
}

fn deposit(demo: &mut Demo<'_>) -> Result<String, CliError> {
    demo.step(
        "署名済みの注文書を1件預け入れます。金額を一桁まちがえて入力してしまいました（正しくは330,000円）。",
        "Deposit one signed order form. The amount is mistyped with one zero too many (330,000 yen is right).",
    );
    let metadata = ["--date", "令和8年3月31日", "--counterparty", "㈱国税商事", "--amount", "3,300,000円"];
    let title = ["--title", "注文書及び注文請書"];
    demo.show(&[&["deposit", ORDER], metadata.as_slice(), &title].concat())?;
    let found = demo.ask(&["search", "--counterparty", "国税商事"])?;
    Ok(text(&found["hits"][0]["id"]))
}

fn import(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "索引簿（CSV）で残りの契約書をまとめて預け入れます。同じ内容のファイルは二重に登録されません。",
        "Deposit the other contracts with an index book (CSV). The same bytes are never stored twice.",
    );
    demo.show(&["import", "samples/index.csv"])
}

fn search(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "取引年月日・取引金額・取引先の三項目を組み合わせて検索します。(株)でも㈱でも株式会社でも見つかります。",
        "Search by transaction date, amount and counterparty together, however the name is written.",
    );
    let conditions =
        ["--date", "2026-01-01..2026-12-31", "--amount", "100万円..", "--counterparty", "(株)国税"];
    demo.show(&[&["search"], conditions.as_slice()].concat())?;
    demo.say(
        "金額の定めのない契約書（空欄）も検索できます。",
        "Contracts that state no amount can be searched for, too.",
    );
    demo.show(&["search", "--no-amount"])
}

fn correct(demo: &mut Demo<'_>, id: &str) -> Result<(), CliError> {
    demo.step(
        "まちがえた金額を訂正します。前の版は消えず、だれが・いつ・なぜ直したかが残ります。",
        "Correct the amount. The earlier version stays, with who changed it, when and why.",
    );
    let reason = demo.output.text("入力時に一桁まちがえたため", "mistyped, one zero too many");
    demo.show(&["correct", id, "--amount", "330,000円", "--reason", reason])?;
    demo.show(&["show", id])
}

fn hand_back(demo: &mut Demo<'_>, id: &str) -> Result<(), CliError> {
    demo.step(
        "原本を取り出し、預けたファイルと比べます。",
        "Get the original back and compare it with the file deposited.",
    );
    demo.show(&["get", id, "-o", "original.pdf"])?;
    let read = |name: &str| {
        let path = demo.place.join(name);
        std::fs::read(&path).map_err(|error| CliError::file(&path, &error))
    };
    if read("original.pdf")? != read(ORDER)? {
        return Err(CliError::new("corrupt", "the original differs from what was deposited", None));
    }
    demo.say("1バイトも違いません。", "Not one byte differs.");
    Ok(())
}

fn prove(demo: &mut Demo<'_>, id: &str) -> Result<(), CliError> {
    demo.step(
        "この記録の操作履歴を見て、預け入れの記録が、改ざんすればわかる台帳に含まれることを証明します。",
        "See who did what with this record, and prove that its deposit is in the tamper-evident journal.",
    );
    demo.show(&["journal", "list", "--record", id])?;
    let record = demo.ask(&["show", id])?;
    demo.show(&["journal", "proof", &record["journal_seq"].to_string()])
}

fn check(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "台帳とすべての原本を読み直して照合します。",
        "Read the journal and every original again and compare everything.",
    );
    demo.show(&["journal", "verify"])?;
    demo.show(&["fsck"])
}

fn verify(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "預けた契約書をまとめて検証します（一括検証）。原本・台帳・電子署名を確かめ、結果を一覧にします。",
        "Verify all contracts at once: bytes, journal and signatures, with a list of results.",
    );
    demo.show(&["verify", "--all", "--report", "result.csv"])
}

/// With an authority on this machine, so that nothing needs the internet; without OpenSSL the step is left out, and said.
fn timestamps(demo: &mut Demo<'_>, id: &str) -> Result<(), CliError> {
    demo.step(
        "全件に、1回の要求でタイムスタンプを付けます。発行局はこの見本のためにこの機械の中で動くもので、証拠としての価値はありません。",
        "Timestamp every contract with one request. The authority runs on this machine for the demo alone; its timestamps prove nothing.",
    );
    let Some(authority) = Authority::start(&demo.place.join("authority"))? else {
        demo.say(
            "openssl がないので、この手順は省きます。",
            "There is no openssl here, so this step is left out.",
        );
        return Ok(());
    };
    let believed = demo.place.join("samples/trust").join("demo-authority.pem");
    std::fs::copy(authority.root(), &believed).map_err(|error| CliError::file(&believed, &error))?;
    let settings = demo.data.join("shosoin.toml");
    let failed = |error: std::io::Error| CliError::file(&settings, &error);
    let text = std::fs::read_to_string(&settings).map_err(failed)?;
    let entry = format!("\n[[timestamps.authority]]\nname = \"demo\"\nurl = {:?}\n", authority.url());
    std::fs::write(&settings, format!("{text}{entry}")).map_err(failed)?;
    demo.say(
        &format!("shosoin.toml:  [[timestamps.authority]] url = \"{}\"", authority.url()),
        &format!("shosoin.toml:  [[timestamps.authority]] url = \"{}\"", authority.url()),
    );
    demo.show(&["timestamp", "attest"])?;
    demo.show(&["timestamp", "status"])?;
    demo.say(
        "証拠記録（RFC 4998）を取り出すと、ほかの道具でも確かめられます。",
        "An evidence record (RFC 4998) can be taken out, and checked with other people's tools.",
    );
    demo.show(&["evidence", id, "-o", "evidence"])?;
    // The authority ends with the demo; a later run of the jobs must not ask where nobody answers.
    std::fs::write(&settings, text).map_err(failed)
}

fn export(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "税務調査や監査のために、原本・索引簿・訂正履歴・証明をまとめて書き出します（BagIt 形式）。",
        "Export originals, index book, history of corrections and proofs for an auditor (BagIt).",
    );
    demo.show(&["export", "-o", "for-the-auditor"])?;
    let directory = demo.place.join("for-the-auditor");
    demo.say(&format!("中身: {}", directory.display()), &format!("look inside: {}", directory.display()));
    Ok(())
}

fn backup(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "控えを作り、別のディレクトリに復元して、すべて照合します。控えは暗号化されていて、鍵ファイルがなければ読めません。",
        "Make a backup, restore it into another directory, and compare everything. Nobody can read a backup without the key file.",
    );
    let repository = demo.place.join("backup-daily");
    std::fs::create_dir(&repository).map_err(|error| CliError::file(&repository, &error))?;
    let settings = demo.data.join("shosoin.toml");
    let failed = |error: std::io::Error| CliError::file(&settings, &error);
    let text = std::fs::read_to_string(&settings).map_err(failed)?;
    let changed =
        text.replace("[backup]\n", &format!("[backup]\ndaily = {:?}\n", repository.display().to_string()));
    std::fs::write(&settings, changed).map_err(failed)?;
    demo.say(
        "shosoin.toml:  [backup] daily = \"…/backup-daily\"",
        "shosoin.toml:  [backup] daily = \"…/backup-daily\"",
    );
    demo.show(&["backup", "run", "daily"])?;
    demo.show(&["restore", "--from", "backup-daily", "--to", "restored", "--key", "archive/keys/kek.key"])
}

fn key(demo: &mut Demo<'_>) -> Result<(), CliError> {
    demo.step(
        "鍵を5枚の紙に分け、どの3枚からでも復元できるようにします（復旧キット）。それから、動かしたまま新しい鍵に替えます。",
        "Split the key into five sheets of paper, any three of which restore it; then replace it while everything goes on.",
    );
    demo.show(&["key", "recovery-kit", "-o", "kit"])?;
    demo.show(&["key", "rotate"])?;
    demo.show(&["key", "status"])?;
    demo.say("新しい鍵のキットは、あらためて作ります。", "A kit of the new key is made the same way.");
    demo.show(&["key", "recovery-kit", "-o", "kit-of-the-new-key"])
}

fn farewell(demo: &Demo<'_>, token: &str) {
    if demo.output.json {
        return;
    }
    let data = demo.data.display();
    // The program that runs now is the one to start: it need not be on the PATH yet.
    let program =
        std::env::current_exe().map_or_else(|_| "shosoin".into(), |path| path.display().to_string());
    println!("\n── {}", demo.output.text("ブラウザで見るには", "To see it in a browser"));
    println!("   $ {program} --data {data} serve");
    println!("   http://127.0.0.1:8750/   {}: {token}", demo.output.text("管理者トークン", "admin token"));
    let place = demo.place.display();
    demo.say(
        &format!("試し終えたら {place} を消してください。"),
        &format!("When you have seen enough, remove {place}."),
    );
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

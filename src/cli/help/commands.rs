//! What each command does, in Japanese, by its English sentence in `cli/arguments`.

/// English and Japanese.
pub const COMMANDS: &[(&str, &str)] = &[
    (
        "Shosoin (正倉院): keeps signed contracts sealed, findable and provably unaltered",
        "正倉院 / Shosoin: 署名済みの契約書を封をして預かり、すぐに見つけ、変わっていないことを示します",
    ),
    ("Create an archive: keys, settings, retention policies", "アーカイブを作る（鍵、設定、保存期間の規則）"),
    (
        "Serve the web pages and the API, on this machine only",
        "画面と API のサーバーを動かす（この機械の中だけ）",
    ),
    ("Seal and store contracts", "契約書を封入して預け入れる"),
    (
        "Deposit all contracts that an index book (CSV) lists; may be repeated after an interruption",
        "索引簿（CSV）にある契約書をまとめて預け入れる。中断したら同じコマンドを繰り返す",
    ),
    ("Find records by date, amount and counterparty", "取引年月日・取引金額・取引先で探す"),
    ("Show everything about one record", "一件の文書についてすべてを表示する"),
    ("Hand the original back, byte for byte", "原本を預けたときのまま取り出す"),
    (
        "Correct metadata: a new version with a reason; earlier versions stay",
        "項目を訂正する（理由つきの新しい版。前の版も残る）",
    ),
    (
        "Hide a record from searches; it stays kept and findable with --withdrawn",
        "文書を取り下げる（検索に出なくなる。保存は続き、--withdrawn で見つかる）",
    ),
    ("Undo a withdrawal", "取下げを取り消す"),
    (
        "Verify records: their bytes, their place in the journal, their signatures as of today (一括検証)",
        "文書を検証する（一括検証）：内容、ジャーナルでの位置、今日の時点の署名",
    ),
    (
        "The signature panel of any PDF, in an archive or not: what its signatures prove",
        "PDF の署名パネル（預け入れの有無を問わない）：署名が何を証明するか",
    ),
    ("How long records are kept, and why", "保存期間とその根拠"),
    ("How long one record is kept, and why", "一件の文書の保存期間とその根拠"),
    ("Records whose period ends before a day", "ある日より前に保存期間が終わる文書"),
    (
        "The policies in force, and those that still hold for earlier deposits",
        "有効な規則と、以前の預け入れになお効く規則",
    ),
    (
        "Check policy files without an archive: every key, every worked example",
        "規則のファイルを調べる（アーカイブは不要）：項目と計算例のすべて",
    ),
    ("The fiscal years of our own legal entities", "自社の法人の事業年度"),
    ("List them (what `fiscal-years` alone does)", "一覧（`fiscal-years` だけでも同じ）"),
    (
        "Write another calendar; one that shortens the periods of a year that is over waits for a second person",
        "事業年度を書き換える。終わった年度の期間が短くなるときは二人目の同意を待つ",
    ),
    ("Consent to the calendar that somebody else proposed", "ほかの人が提案した事業年度に同意する"),
    (
        "Mark a year as one with a loss: all its documents are kept longer",
        "欠損金のある年度とする（その年度の文書をより長く保存する）",
    ),
    (
        "Keep records for a shorter time than was decided once: proposed by one person, approved by another",
        "一度決まった保存期間を短くする（一人が提案し、別の人が同意する）",
    ),
    (
        "Propose that records be kept only as long as their present class, policies and facts ask",
        "今の種別・規則・事実が求める期間までに短くすることを提案する",
    ),
    ("Consent to a proposal; takes somebody other than its author", "提案に同意する（提案者以外の人）"),
    ("All proposals", "提案の一覧"),
    (
        "Take over changed policy files and decide about every record again",
        "変わった規則を取り込み、すべての文書の期限を決め直す",
    ),
    (
        "Legal holds: what is kept whatever the dates say",
        "保全（リーガルホールド）：期限にかかわらず保存するもの",
    ),
    (
        "Keep records whatever the dates say: by id, or by conditions that later deposits can meet too",
        "保全する：番号で、または条件で（後から預けた文書も条件に当てはまる）",
    ),
    ("Release a hold; takes a second person", "保全を解除する（二人目の人が行う）"),
    ("All holds", "保全の一覧"),
    (
        "Destroy what need not be kept any more, in steps that take two people",
        "保存の要らなくなったものを、二人がかりの手順で廃棄する",
    ),
    (
        "List what may be destroyed, with reasons, for somebody else to approve",
        "廃棄できるものを理由つきで挙げ、ほかの人の承認に回す",
    ),
    ("Consent to a plan; takes somebody other than its author", "計画を承認する（作成者以外の人）"),
    (
        "The package of an approved transfer, for the receiving archive",
        "承認された移管のパッケージ（受け取るアーカイブ向け）",
    ),
    (
        "Hand in the receiving archive's receipt: the lines of its `import --receipts`, or JSON with archive and received",
        "受け取ったアーカイブの受領書を渡す（`import --receipts` の行、または archive と received の JSON）",
    ),
    (
        "Destroy what an approved plan names and is still eligible; may be repeated after an interruption",
        "承認された計画のうち今も廃棄できるものを廃棄する。中断したら繰り返す",
    ),
    ("All plans", "計画の一覧"),
    ("The certificate of a destroyed record", "廃棄した文書の廃棄証明書"),
    ("Export records as a BagIt package for an auditor", "監査のために文書を BagIt パッケージに書き出す"),
    ("The journal: list, prove, verify, export", "ジャーナル（操作記録）：一覧、証明、検証、書き出し"),
    ("Entries in order", "記録を順に並べる"),
    ("The whole journal as an extract that strangers can verify", "第三者が検証できる形で全体を書き出す"),
    ("Prove that one entry is in the journal", "一件の記録がジャーナルにあることの証明"),
    (
        "Re-derive the whole journal and compare it with the signed head",
        "全体を計算し直し、署名された先頭と照合する",
    ),
    ("Timestamps: give them, renew them, what ends when", "タイムスタンプ：付与、更新、期限"),
    (
        "Timestamp every record that has no timestamp yet, with one request",
        "まだ付いていない文書すべてに、一回の要求でタイムスタンプを付ける",
    ),
    ("Renew what ends soon, with one request", "まもなく期限の来るものを、一回の要求で更新する"),
    (
        "What is protected until when, what is due, what became of the requests",
        "何がいつまで保護されているか、期限の来たもの、要求の結果",
    ),
    (
        "Copies of contracts with validation data and a document timestamp inside (PAdES-LTA), kept beside the originals",
        "検証情報と文書タイムスタンプを入れた写し（PAdES-LTA）。原本の横に保管する",
    ),
    (
        "Verify anybody's timestamp token (RFC 3161) over a file",
        "ファイルのタイムスタンプトークン（RFC 3161）を検証する（誰のものでも）",
    ),
    ("Evidence records (RFC 4998): take one out, verify anybody's", "証拠記録（RFC 4998）：書き出しと検証"),
    (
        "Verify anybody's evidence record over one file, or over a group of files",
        "証拠記録を一つまたは一組のファイルについて検証する（誰のものでも）",
    ),
    ("Scheduled jobs: list, run, history, pause, resume", "定期ジョブ：一覧、実行、履歴、停止、再開"),
    ("Every job: when it runs next, how it went last", "すべてのジョブ：次はいつか、前回はどうだったか"),
    ("Run one now; answers when it has ended", "今すぐ実行する（終わったら答える）"),
    ("Past runs, newest first", "過去の実行（新しい順）"),
    ("Leave a job out of the schedule until it is resumed", "再開するまで予定から外す"),
    ("Take a paused job back into the schedule", "予定に戻す"),
    ("The search index: status, rebuild", "検索の索引：状態、作り直し"),
    ("Size and position", "大きさと位置"),
    ("Make it again from the store", "保管庫の内容から作り直す"),
    ("Re-derive and compare everything that is stored", "保存されているものをすべて計算し直して照合する"),
    ("Backups: make, list, verify, practise restoring", "控え：作成、一覧、照合、復元の練習"),
    ("Make the next generation", "次の世代を作る"),
    ("Every generation there is", "すべての世代"),
    ("Read everything that a generation needs, and compare", "世代に必要なものをすべて読んで照合する"),
    (
        "Verify a generation and mend what is damaged, from this archive or from another tier; manifests that cannot be believed are removed",
        "世代を照合し、壊れたものをこのアーカイブや別の控えから直す。信じられない目録は取り除く",
    ),
    (
        "Restore a generation for practice, open it, and compare it with this archive",
        "練習として復元し、開いて、このアーカイブと照合する",
    ),
    (
        "Read contracts again, compare, and mend damaged ones from a backup",
        "契約書を読み直して照合し、壊れたものを控えから直す",
    ),
    ("Read all contracts now, or the next part of them", "今すぐ全部、または次の一部を読む"),
    ("How far the nightly reading has come, and what it found", "毎晩の読み直しの進み具合と結果"),
    ("Restore an archive from a backup into an empty directory", "控えから空のディレクトリへ復元する"),
    (
        "The key: status, passphrase, recovery kit, recovery, rotation",
        "鍵：状態、合言葉、復旧キット、復元、更新",
    ),
    (
        "What protects the key, what it wraps, whether there is a recovery kit",
        "鍵が何で守られ、何を包み、復旧キットがあるか",
    ),
    (
        "Set or change the passphrase of the key file, or remove it. Asked for at the terminal, or read from the files that SHOSOIN_PASSPHRASE_FILE and SHOSOIN_NEW_PASSPHRASE_FILE name",
        "鍵ファイルの合言葉を付ける・変える・外す。端末で尋ねるか、SHOSOIN_PASSPHRASE_FILE と SHOSOIN_NEW_PASSPHRASE_FILE の示すファイルから読む",
    ),
    (
        "Split the key into shares for several people, of which some together restore it",
        "鍵を何人かの分に分ける（そのうち何人分かで復元できる）",
    ),
    ("Restore a lost key file from shares of a recovery kit", "失くした鍵ファイルを復旧キットから復元する"),
    (
        "Replace the key by a new one, while everything goes on; after an interruption, the same again",
        "動かしたまま鍵を新しくする。中断したら繰り返す",
    ),
    ("People: roles, legal entities, who they are on this machine", "利用者：役割、法人、この機械での名前"),
    ("Add a user", "利用者を加える"),
    ("All users", "利用者の一覧"),
    ("Change roles, entities or operating-system user", "役割・法人・OS の利用者を変える"),
    (
        "Let somebody in no more; what they did stays in the journal",
        "入れないようにする（したことはジャーナルに残る）",
    ),
    ("Let somebody in again", "また入れるようにする"),
    ("Who you are here, and with which roles", "自分が誰で、どの役割を持つか"),
    (
        "Access tokens for the pages, the API and commands (SHOSOIN_TOKEN)",
        "画面・API・コマンド（SHOSOIN_TOKEN）のアクセストークン",
    ),
    (
        "Make a token for a user; it is printed now and never again",
        "利用者のトークンを作る（表示は一度だけ）",
    ),
    (
        "Tokens and their ends, without the tokens themselves",
        "トークンとその期限（トークンそのものは出ない）",
    ),
    ("End a token at once", "トークンをすぐに失効させる"),
    ("What comes due; tell it by mail and webhook", "期限の近いもの。メールと webhook で知らせる"),
    ("What comes due", "期限の近いもの"),
    ("Tell what is new, at most one message a day", "新しいものを知らせる（1日1通まで）"),
    ("The main job on the bundled sample contracts, narrated", "付属の見本の契約書で一通りの仕事を見せる"),
    ("Print a completion script for a shell", "シェルの補完スクリプトを表示する"),
];

//! Search at size: `cargo bench --bench search -- [--records N] [--csv FILE] [--queries N]`.
//!
//! Workload: N records (a CSV `id,date,counterparty,amount,currency,title`, or made from a seed: ten years, 20,000
//! Japanese-looking names of uneven frequency, log-normal amounts, one in twelve blank, deposited in random order).
//! The number that matters: p99 of "quarter + amount range + 2-4 characters of a name, newest 50 + exact total".
//! The floor, measured in the same run by the same queries: one pass over plain arrays of date, amount and party.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{Datelike, Days, NaiveDate};
use shosoin::search::{
    AmountFilter, BulkOptions, CurrencyCode, DateSpan, Index, IndexKey, IndexOptions, NameKeys, Query,
    RecordDocs, VersionDoc,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the floor scans: one entry per record.
#[derive(Default)]
struct Rows {
    days: Vec<i32>,
    amounts: Vec<Option<i64>>,
    party: Vec<u32>,
    names: Vec<String>,
    titles: Vec<String>,
    title: Vec<u32>,
}

struct Arguments {
    records: usize,
    queries: usize,
    csv: Option<String>,
    /// Internal: open this index in a fresh process and report memory.
    memory_of: Option<String>,
}

fn arguments() -> Outcome<Arguments> {
    let mut parsed = Arguments { records: 1_000_000, queries: 1_000, csv: None, memory_of: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--records" => parsed.records = value()?.replace('_', "").parse()?,
            "--queries" => parsed.queries = value()?.parse()?,
            "--csv" => parsed.csv = Some(value()?),
            "--memory-of" => parsed.memory_of = Some(value()?),
            "--bench" => {}
            other => return Err(format!("{other} is not an option of this bench").into()),
        }
    }
    Ok(parsed)
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn unit(&mut self) -> f64 {
        (self.next() & 0xffff_ffff) as f64 / 4_294_967_296.0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Standard normal (Box and Muller).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

const PLACES: &str = "東京 大阪 名古屋 横浜 京都 神戸 福岡 札幌 仙台 広島 北陸 九州 関東 関西 中部 \
    東北 四国 瀬戸内 信州 湘南 武蔵 大和 三河 越後 常陸 相模 駿河 伊勢 筑紫 日向";
const FAMILIES: &str = "佐藤 鈴木 髙橋 高橋 田中 渡邉 渡辺 伊藤 山本 中村 小林 加藤 吉田 山田 斎藤 \
    齋藤 清水 山﨑 山崎 森 池田 橋本 阿部 石川 前田 藤田 小川 岡田 長谷川 村上 \
    近藤 石井 坂本 遠藤 青木 藤井 西村 福田 太田 三浦 岡本 松田 中島 濵田 𠮷川 \
    サクラ ミライ アサヒ キタ ヒカリ テクノ グリーン サン ワールド ネオ エース ユニ \
    日本 第一 共栄 協和 三和";
const TRADES: &str = "商事 製作所 工業 建設 電機 印刷 運輸 倉庫 食品 化学 薬品 不動産 産業 システム \
    ソフトウェア サービス コンサルティング ホールディングス フーズ ロジスティクス \
    メディカル エンジニアリング デザイン 設計事務所 出版 新聞社 銀行 証券 保険 観光 \
    ホテル 農園 水産 繊維 金属 精機";
const TITLES: &str = "業務委託契約書 売買契約書 請求書 秘密保持契約書 賃貸借契約書 注文書 工事請負契約書 \
    覚書";

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2016, 4, 1).unwrap_or_default()
}

const TEN_YEARS: u64 = 3652;

fn words(list: &'static str) -> Vec<&'static str> {
    list.split_whitespace().collect()
}

fn synthetic(records: usize) -> Rows {
    let mut random = Random(0x5105_0111);
    let [places, families, trades, titles] = [PLACES, FAMILIES, TRADES, TITLES].map(words);
    let mut names = Vec::with_capacity(20_000);
    let mut seen = std::collections::HashSet::new();
    while names.len() < 20_000 {
        let stem = match random.below(3) {
            0 => format!("{}{}{}", random.pick(&places), random.pick(&families), random.pick(&trades)),
            1 => format!("{}{}", random.pick(&families), random.pick(&trades)),
            _ => format!("{}{}{}", random.pick(&families), random.pick(&places), random.pick(&trades)),
        };
        let name = match random.below(6) {
            0..=2 => format!("株式会社{stem}"),
            3 => format!("{stem}株式会社"),
            4 => format!("㈱{stem}"),
            _ => format!("有限会社{stem}"),
        };
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    let mut rows =
        Rows { names, titles: titles.iter().map(|title| (*title).to_owned()).collect(), ..Rows::default() };
    for _ in 0..records {
        let day = first_day() + Days::new(random.below(TEN_YEARS));
        let amount = (500_000f64.ln() + 1.5 * random.normal()).exp() as i64;
        rows.days.push(day.num_days_from_ce());
        rows.amounts.push((random.below(12) != 0).then_some(amount));
        rows.party.push((random.unit().powi(2) * 20_000.0) as u32);
        rows.title.push(random.below(titles.len() as u64) as u32);
    }
    rows
}

fn from_csv(path: &str, records: usize) -> Outcome<Rows> {
    let mut rows = Rows::default();
    let (mut parties, mut titles) = (HashMap::new(), HashMap::new());
    let intern = |known: &mut HashMap<String, u32>, list: &mut Vec<String>, text: &str| {
        *known.entry(text.to_owned()).or_insert_with(|| {
            list.push(text.to_owned());
            list.len() as u32 - 1
        })
    };
    for line in csv::Reader::from_path(path)?.records().take(records) {
        let line = line?;
        let field = |at: usize| line.get(at).unwrap_or_default();
        rows.days.push(field(1).parse::<NaiveDate>()?.num_days_from_ce());
        rows.party.push(intern(&mut parties, &mut rows.names, field(2)));
        rows.amounts.push(Some(field(3)).filter(|text| !text.is_empty()).map(str::parse).transpose()?);
        rows.title.push(intern(&mut titles, &mut rows.titles, field(5)));
    }
    Ok(rows)
}

fn record(rows: &Rows, at: usize) -> RecordDocs {
    let version = VersionDoc {
        version: 1,
        superseded: false,
        withdrawn: false,
        date: NaiveDate::from_num_days_from_ce_opt(rows.days[at]).unwrap_or_default(),
        amount: rows.amounts[at].map(|minor| (minor, CurrencyCode::JPY)),
        counterparty: rows.names[rows.party[at] as usize].clone(),
        entity: "当社".to_owned(),
        class: "contract".to_owned(),
        number: None,
        title: Some(rows.titles[rows.title[at] as usize].clone()),
        custom: Vec::new(),
        text: None,
    };
    RecordDocs { seq: at as u64, versions: vec![version] }
}

fn key() -> IndexKey {
    IndexKey::new([9; 32])
}

/// Resident bytes of this process, in MB.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn build(rows: &Rows, folder: &Path) -> Outcome<Index> {
    let index = Index::create(folder, key(), IndexOptions::default())?;
    let started = Instant::now();
    let mut bulk = index.bulk(BulkOptions::default())?;
    for at in 0..rows.days.len() {
        bulk.add(&record(rows, at))?;
    }
    bulk.finish(rows.days.len() as u64)?;
    let built = started.elapsed();
    println!(
        "build: {:.1} s, {:.0} records/s, {} segments",
        built.as_secs_f64(),
        rows.days.len() as f64 / built.as_secs_f64(),
        index.status()?.segments
    );
    sizes(rows, &index)?;
    Ok(index)
}

fn sizes(rows: &Rows, index: &Index) -> Outcome<()> {
    let status = index.status()?;
    println!(
        "on disk: {:.1} bytes/record; columns in memory: {:.1} bytes/record",
        status.bytes as f64 / rows.days.len() as f64,
        status.memory_bytes as f64 / rows.days.len() as f64
    );
    Ok(())
}

fn merge(rows: &Rows, index: &Index) -> Outcome<()> {
    let started = Instant::now();
    index.optimize()?;
    println!("\nmerged into one segment: {:.1} s", started.elapsed().as_secs_f64());
    sizes(rows, index)
}

/// One query of a workload.
fn query(kind: &str, rows: &Rows, random: &mut Random) -> Query {
    let mut query = Query::default();
    if kind.contains("quarter") {
        let from = first_day() + Days::new(random.below(TEN_YEARS - 91));
        query.date = DateSpan { from: Some(from), to: Some(from + Days::new(90)) };
    } else {
        query.date = DateSpan { from: Some(first_day()), to: Some(first_day() + Days::new(TEN_YEARS)) };
    }
    if kind.contains("blank") {
        query.amount = AmountFilter::Blank;
    } else if kind.contains("amount") {
        let some = rows.amounts[random.below(rows.amounts.len() as u64) as usize].unwrap_or(300_000);
        let (from, to) = (Some(some / 2), Some(some.saturating_mul(2)));
        query.amount = AmountFilter::Range { from, to, currency: CurrencyCode::JPY };
    }
    if kind.contains("name") {
        // Characters of the name itself; "会社" would find nearly everybody and prove little.
        let party = rows.party[random.below(rows.party.len() as u64) as usize];
        let name: Vec<char> = NameKeys::of(&rows.names[party as usize]).stripped.chars().collect();
        let length = (2 + random.below(3) as usize).min(name.len());
        let from = random.below((name.len() - length + 1) as u64) as usize;
        query.counterparty = Some(name[from..from + length].iter().collect());
    }
    query
}

/// The same query by one pass over plain arrays: total and the newest 50.
fn floor(rows: &Rows, folded: &[NameKeys], query: &Query) -> (u64, usize) {
    let name = query.counterparty.as_deref().map(NameKeys::of);
    let wanted: Vec<bool> =
        folded.iter().map(|keys| name.as_ref().is_none_or(|name| keys.is_found_by(name))).collect();
    let day = |date: Option<NaiveDate>, open: i32| date.map_or(open, |date| date.num_days_from_ce());
    let (from, to) = (day(query.date.from, i32::MIN), day(query.date.to, i32::MAX));
    let (low, high, blank) = match query.amount {
        AmountFilter::Any => (i64::MIN, i64::MAX, true),
        AmountFilter::Blank => (1, 0, true),
        AmountFilter::Range { from, to, .. } => (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX), false),
    };
    let mut total = 0;
    let mut newest = std::collections::BinaryHeap::with_capacity(51);
    for (row, ((day, amount), party)) in rows.days.iter().zip(&rows.amounts).zip(&rows.party).enumerate() {
        let amount_fits = amount.map_or(blank, |amount| amount >= low && amount <= high);
        if *day >= from && *day <= to && amount_fits && wanted[*party as usize] {
            total += 1;
            newest.push(std::cmp::Reverse((*day, row)));
            if newest.len() > 50 {
                newest.pop();
            }
        }
    }
    (total, newest.len())
}

/// Time that the main thread spent on a processor, in ticks of some ms: only sums of it mean anything. What a search
/// costs when the machine is busy with other things.
fn on_processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

fn percentiles(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    [50, 95, 99].map(|p| times[(times.len() * p / 100).min(times.len() - 1)].as_secs_f64() * 1e3)
}

const KINDS: &[&str] = &[
    "quarter + amount + name",
    "ten years + name",
    "ten years + amount + name",
    "quarter + blank + name",
    "quarter + blank",
    "ten years + amount",
];

fn measure(rows: &Rows, index: &Index, queries: usize) -> Outcome<()> {
    let folded: Vec<NameKeys> = rows.names.iter().map(|name| NameKeys::of(name)).collect();
    println!(
        "\n{:<28}{:>26}{:>28}{:>12}{:>12}",
        "p50 / p95 / p99 in ms", "index", "floor", "p99 ratio", "mean hits"
    );
    for kind in KINDS {
        let mut random = Random(42);
        let asked: Vec<Query> = (0..queries).map(|_| query(kind, rows, &mut random)).collect();
        let (mut times, mut on_cpu, mut floors, mut hits) = (Vec::new(), Duration::ZERO, Vec::new(), 0);
        let floor_every = (queries / 50).max(1);
        for (at, query) in asked.iter().enumerate() {
            let (started, before) = (Instant::now(), on_processor());
            let results = index.search(query)?;
            times.push(started.elapsed());
            on_cpu += on_processor().saturating_sub(before);
            hits += results.total;
            if at % floor_every == 0 {
                let started = Instant::now();
                let (total, shown) = floor(rows, &folded, query);
                floors.push(started.elapsed());
                if (total, shown) != (results.total, results.hits.len()) {
                    return Err(format!("index {} but floor {total}: {query:?}", results.total).into());
                }
            }
        }
        let (ours, floor) = (percentiles(times), percentiles(floors));
        let cpu = on_cpu.as_secs_f64() * 1e3 / queries as f64;
        let show = |p: [f64; 3]| format!("{:.2} / {:.2} / {:.2}", p[0], p[1], p[2]);
        let ratio = ours[2] / floor[2];
        let (ours, floor) = (show(ours), show(floor));
        println!("{kind:<28}{ours:>24}{cpu:>10.2}{floor:>28}{ratio:>11.3}{:>11}", hits / queries as u64);
    }
    Ok(())
}

/// Commits of one record, as deposits make them between searches.
fn small_commits(rows: &Rows, index: &Index) -> Outcome<()> {
    let (mut applies, mut searches) = (Vec::new(), Vec::new());
    for at in 0..100usize {
        let mut one = record(rows, at);
        one.seq = index.cursor();
        let started = Instant::now();
        index.apply(&[one], index.cursor() + 1)?;
        applies.push(started.elapsed());
        let started = Instant::now();
        index.search(&query(KINDS[0], rows, &mut Random(at as u64 + 1)))?;
        searches.push(started.elapsed());
    }
    let mut corrections = Vec::new();
    for at in 0..20usize {
        let started = Instant::now();
        index.apply(&[record(rows, at)], index.cursor())?;
        corrections.push(started.elapsed());
    }
    println!("\ncommit of one new record, p50 / p95 / p99 ms: {:.1?}", percentiles(applies));
    println!("commit of one correction, p50 / p95 / p99 ms: {:.1?}", percentiles(corrections));
    println!("first query behind each commit, p50 / p95 / p99 ms: {:.2?}", percentiles(searches));
    Ok(())
}

fn report_memory(folder: &str) -> Outcome<()> {
    let started = Instant::now();
    let index = Index::open(Path::new(folder), key(), IndexOptions::default())?;
    println!("opening: {:.2} s", started.elapsed().as_secs_f64());
    for from in 0..200 {
        index.search(&Query {
            counterparty: Some("商事".to_owned()),
            limit: 50 + from,
            ..Query::default()
        })?;
    }
    println!("resident memory of a process that opened the index and searched: {} MB", resident_mb());
    Ok(())
}

fn main() -> Outcome<()> {
    let arguments = arguments()?;
    if let Some(folder) = &arguments.memory_of {
        return report_memory(folder);
    }
    let rows = match &arguments.csv {
        Some(path) => from_csv(path, arguments.records)?,
        None => synthetic(arguments.records),
    };
    println!(
        "{} records, {} names, {} queries of each kind",
        rows.days.len(),
        rows.names.len(),
        arguments.queries
    );
    let folder = tempfile::tempdir()?;
    let index = build(&rows, folder.path())?;
    measure(&rows, &index, arguments.queries)?;
    merge(&rows, &index)?;
    measure(&rows, &index, arguments.queries)?;
    small_commits(&rows, &index)?;
    drop(index);
    let own = std::env::current_exe()?;
    std::process::Command::new(own).arg("--memory-of").arg(folder.path()).status()?;
    Ok(())
}

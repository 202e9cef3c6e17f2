//! The index against brute force: the same random records, thousands of random questions, equal answers.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use chrono::{Days, NaiveDate};
use shosoin::search::{
    AmountFilter, BulkOptions, CurrencyCode, Cursor, DateSpan, Hit, Index, IndexKey, IndexOptions, NameKeys,
    Query, RecordDocs, Results, SearchError, Sort, VersionDoc, Versions, Withdrawn, fold_number,
};

/// A small random source of its own (xorshift64*), so that a seed means the same records for ever.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

const STEMS: &[&str] = &[
    "髙島屋",
    "高島屋",
    "国税商事",
    "國税商事",
    "渡邉工業",
    "渡辺工業",
    "キヤノン",
    "キャノン",
    "三和シャッター",
    "ﾔﾏﾀﾞ電機",
    "ヤマダ電機",
    "ABC Trading",
    "ＡＢＣトレーディング",
    "山﨑製作所",
    "山崎",
    "斎藤",
    "齋藤商店",
    "株木建設",
    "会社法研究所",
    "東京",
    "東京商事",
    "大東京商会",
    "コンピューター",
    "コンピュータサービス",
    "新聞社",
    "★",
    "A・B・C",
    "浜田",
    "濵田電機",
    "吉野",
    "𠮷野家",
];
const FORMS: &[(&str, &str)] = &[
    ("株式会社", ""),
    ("", "株式会社"),
    ("㈱", ""),
    ("", "(株)"),
    ("", ""),
    ("有限会社", ""),
    ("", " Co., Ltd."),
    ("", " Inc."),
];
const TEXTS: &[&str] =
    &["業務委託契約書", "秘密保持契約書", "売買契約", "請求書 2026年2月分", "注文書\nNo.5", "NDA agreement"];
const CLASSES: &[&str] = &["contract", "invoice", "receipt"];
const ENTITIES: &[&str] = &["当社", "子会社"];

fn base() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).unwrap()
}

fn usd() -> CurrencyCode {
    "USD".parse().unwrap()
}

fn random_name(random: &mut Random) -> String {
    let (before, behind) = random.pick(FORMS);
    format!("{before}{}{behind}", random.pick(STEMS))
}

fn random_version(random: &mut Random, version: u32) -> VersionDoc {
    let amount = match random.below(10) {
        0 | 1 => None,
        2 => Some((random.below(40) as i64 * 100, usd())),
        3 => Some((-(random.below(20) as i64) * 1000, CurrencyCode::JPY)),
        _ => Some((random.below(60) as i64 * 1000, CurrencyCode::JPY)),
    };
    VersionDoc {
        version,
        superseded: false,
        withdrawn: random.chance(7),
        date: base() + Days::new(random.below(120)),
        amount,
        counterparty: random_name(random),
        entity: (*random.pick(ENTITIES)).to_owned(),
        class: (*random.pick(CLASSES)).to_owned(),
        number: random.chance(30).then(|| format!("Ｋ－{:03}", random.below(50))),
        title: random.chance(80).then(|| (*random.pick(TEXTS)).to_owned()),
        custom: Vec::new(),
        text: None,
    }
}

type Archive = BTreeMap<u64, Vec<VersionDoc>>;

/// Folds each name once; brute force would otherwise do little else.
#[derive(Default)]
struct Folded(RefCell<HashMap<String, Rc<NameKeys>>>);

impl Folded {
    fn of(&self, name: &str) -> Rc<NameKeys> {
        let mut known = self.0.borrow_mut();
        known.entry(name.to_owned()).or_insert_with(|| Rc::new(NameKeys::of(name))).clone()
    }
}

/// Deposits, corrections and disposals in many commits; the last part as a bulk load.
fn build(random: &mut Random, index: &Index, records: u64) -> Archive {
    let mut archive = Archive::new();
    let mut through = 0;
    while through < records {
        let most = if random.chance(70) { 5 } else { 400 };
        let batch = 1 + random.below(most);
        let mut docs = Vec::new();
        for _ in 0..batch {
            let (seq, versions) = random_act(random, &mut archive, through);
            docs.push(RecordDocs { seq, versions });
            through += 1;
        }
        index.apply(&docs, through).unwrap();
        assert_eq!(index.cursor(), through);
    }
    let mut bulk = index.bulk(BulkOptions { threads: 2, writer_bytes: 15 << 20 }).unwrap();
    for _ in 0..records / 5 {
        let (seq, versions) = random_act(random, &mut archive, through);
        bulk.add(&RecordDocs { seq, versions }).unwrap();
        through += 1;
    }
    bulk.finish(through).unwrap();
    archive
}

fn random_act(random: &mut Random, archive: &mut Archive, seq: u64) -> (u64, Vec<VersionDoc>) {
    let known: Vec<u64> = if random.chance(25) { archive.keys().copied().collect() } else { Vec::new() };
    match random.below(100) {
        0..10 if !known.is_empty() => {
            let gone = *random.pick(&known);
            archive.remove(&gone);
            (gone, Vec::new())
        }
        _ if !known.is_empty() => {
            let seq = *random.pick(&known);
            let versions = archive.get_mut(&seq).unwrap();
            versions.iter_mut().for_each(|version| version.superseded = true);
            versions.push(random_version(random, versions.len() as u32 + 1));
            (seq, versions.clone())
        }
        _ => {
            let versions = vec![random_version(random, 1)];
            archive.insert(seq, versions.clone());
            (seq, versions)
        }
    }
}

fn random_query(random: &mut Random) -> Query {
    let day = |random: &mut Random| Some(base() + Days::new(random.below(130))).filter(|_| random.chance(80));
    let mut query = Query::default();
    if random.chance(70) {
        let (from, to) = (day(random), day(random));
        let swap = from.zip(to).is_some_and(|(from, to)| from > to) && random.chance(90);
        query.date = if swap { DateSpan { from: to, to: from } } else { DateSpan { from, to } };
    }
    query.amount = match random.below(10) {
        0..5 => AmountFilter::Any,
        5 => AmountFilter::Blank,
        which => {
            let currency = if which == 6 { usd() } else { CurrencyCode::JPY };
            let bound = |random: &mut Random| random.chance(80).then(|| random.below(70) as i64 * 700 - 9000);
            let (a, b) = (bound(random), bound(random));
            let (from, to) = if a.zip(b).is_some_and(|(a, b)| a > b) { (b, a) } else { (a, b) };
            AmountFilter::Range { from, to, currency }
        }
    };
    if random.chance(60) {
        let chars: Vec<char> = random_name(random).chars().collect();
        let from = random.below(chars.len() as u64) as usize;
        let length = 1 + random.below(4) as usize;
        query.counterparty = Some(match random.chance(20) {
            true => random_name(random),
            false => chars[from..(from + length).min(chars.len())].iter().collect(),
        });
    }
    query.text = random
        .chance(12)
        .then(|| (*random.pick(&["契約", "約", "契約書", "業務 契約", "agreement", "no"])).to_owned());
    query.class = random.chance(12).then(|| (*random.pick(&["contract", "invoice", "nothing"])).to_owned());
    query.entities = random.chance(20).then(|| {
        let some = 1 + random.below(2);
        (0..some).map(|_| (*random.pick(ENTITIES)).to_owned()).collect()
    });
    query.number = random.chance(6).then(|| format!("k-{:03}", random.below(50)));
    query.withdrawn =
        *random.pick(&[Withdrawn::Exclude, Withdrawn::Exclude, Withdrawn::Include, Withdrawn::Only]);
    query.versions = *random.pick(&[Versions::Current, Versions::Current, Versions::All]);
    query.sort = *random.pick(SORTS);
    query.limit = 1000;
    query
}

const SORTS: &[Sort] = &[
    Sort::DateDesc,
    Sort::DateDesc,
    Sort::DateAsc,
    Sort::AmountDesc,
    Sort::AmountAsc,
    Sort::DepositedDesc,
    Sort::DepositedAsc,
    Sort::Counterparty,
];

/// Text conditions by hand: each part must stand in one of the fields, words as whole words.
fn text_matches(query: &str, doc: &VersionDoc) -> bool {
    let fields: Vec<String> = [Some(doc.counterparty.clone()), doc.title.clone(), doc.number.clone()]
        .into_iter()
        .flatten()
        .map(|field| field.to_lowercase())
        .collect();
    query.split(' ').all(|part| {
        fields.iter().any(|field| match part.is_ascii() {
            true => field.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == part),
            false => field.contains(part),
        })
    })
}

fn matches(query: &Query, name: Option<&NameKeys>, keys: &NameKeys, doc: &VersionDoc) -> bool {
    let amount = match query.amount {
        AmountFilter::Any => true,
        AmountFilter::Blank => doc.amount.is_none(),
        AmountFilter::Range { from, to, currency } => doc.amount.is_some_and(|(minor, of)| {
            of == currency && from.is_none_or(|from| minor >= from) && to.is_none_or(|to| minor <= to)
        }),
    };
    let number = |wanted: &String| doc.number.as_deref().map(fold_number) == Some(fold_number(wanted));
    amount
        && query.date.from.is_none_or(|from| doc.date >= from)
        && query.date.to.is_none_or(|to| doc.date <= to)
        && name.is_none_or(|name| keys.is_found_by(name))
        && query.text.as_ref().is_none_or(|text| text_matches(text, doc))
        && query.class.as_ref().is_none_or(|class| doc.class == *class)
        && query.entities.as_ref().is_none_or(|entities| entities.contains(&doc.entity))
        && query.number.as_ref().is_none_or(number)
        && (query.versions == Versions::All || !doc.superseded)
        && match query.withdrawn {
            Withdrawn::Exclude => !doc.withdrawn,
            Withdrawn::Include => true,
            Withdrawn::Only => doc.withdrawn,
        }
}

type Row<'a> = (u64, &'a VersionDoc, Rc<NameKeys>);

fn by_sort(sort: Sort, (seq_a, a, keys_a): &Row<'_>, (seq_b, b, keys_b): &Row<'_>) -> Ordering {
    let amounts = |descending: bool| match (a.amount, b.amount) {
        (Some((a, code_a)), Some((b, code_b))) => {
            code_a.cmp(&code_b).then(if descending { b.cmp(&a) } else { a.cmp(&b) })
        }
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    match sort {
        Sort::DateDesc => b.date.cmp(&a.date),
        Sort::DateAsc => a.date.cmp(&b.date),
        Sort::AmountDesc => amounts(true),
        Sort::AmountAsc => amounts(false),
        Sort::DepositedDesc => Ordering::Equal,
        Sort::DepositedAsc => seq_a.cmp(seq_b),
        Sort::Counterparty => keys_a.stripped.cmp(&keys_b.stripped),
    }
}

/// The whole answer, by looking at everything.
fn brute_force(archive: &Archive, folded: &Folded, query: &Query) -> Vec<Hit> {
    let name = query.counterparty.as_deref().filter(|name| !name.trim().is_empty()).map(NameKeys::of);
    let mut found: Vec<Row<'_>> = archive
        .iter()
        .flat_map(|(seq, versions)| versions.iter().map(|doc| (*seq, doc, folded.of(&doc.counterparty))))
        .filter(|(_, doc, keys)| matches(query, name.as_ref(), keys, doc))
        .collect();
    let exact = |row: &Row<'_>| name.as_ref().is_some_and(|name| row.2.light == name.light);
    found.sort_by(|a, b| {
        exact(b)
            .cmp(&exact(a))
            .then_with(|| by_sort(query.sort, a, b))
            .then_with(|| b.0.cmp(&a.0))
            .then_with(|| b.1.version.cmp(&a.1.version))
    });
    found.into_iter().map(|(seq, doc, _)| Hit { seq, version: doc.version }).collect()
}

/// Every page of `limit` hits; cursors travel as text.
fn all_pages(index: &Index, query: &Query, limit: usize) -> (u64, Vec<Hit>) {
    let mut query = Query { limit, after: None, ..query.clone() };
    let mut hits = Vec::new();
    loop {
        let Results { total, hits: page, next, .. } = index.search(&query).unwrap();
        assert!(page.len() <= limit && (next.is_none() || page.len() == limit));
        hits.extend(page);
        assert!(hits.len() as u64 <= total, "a page repeats hits: {query:?}");
        match next {
            Some(next) => query.after = Some(next.to_string().parse().unwrap()),
            None => return (total, hits),
        }
    }
}

fn compare(seed: u64, records: u64, questions: usize) {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path(), IndexKey::new([3; 32]), IndexOptions::default()).unwrap();
    let mut random = Random(seed);
    let archive = build(&mut random, &index, records);
    let reopened;
    let index = match random.chance(50) {
        true => {
            drop(index);
            reopened = Index::open(folder.path(), IndexKey::new([3; 32]), IndexOptions::default()).unwrap();
            reopened
        }
        false => index,
    };
    let (folded, mut found) = (Folded::default(), 0);
    for question in 0..questions {
        if question == questions / 2 {
            index.optimize().unwrap();
            index.purge().unwrap();
        }
        let query = random_query(&mut random);
        let expected = brute_force(&archive, &folded, &query);
        let limit = *random.pick(&[1, 2, 3, 7, 50, 1000]);
        let limit = if expected.len() > 300 { limit.max(50) } else { limit };
        let (total, hits) = all_pages(&index, &query, limit);
        assert_eq!(total, expected.len() as u64, "seed {seed}: {query:?}");
        assert_eq!(hits, expected, "seed {seed}, pages of {limit}: {query:?}");
        found += expected.len();
    }
    assert!(found > questions / 4, "the questions must find something to prove anything");
}

#[test]
fn the_index_answers_as_brute_force_does() {
    for seed in [11, 12, 13] {
        compare(seed, 2_000, 700);
    }
}

#[test]
fn the_index_answers_as_brute_force_does_on_tiny_archives() {
    for seed in 100..125 {
        compare(seed, 12, 60);
    }
}

#[test]
fn pages_stay_in_step_while_records_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path(), IndexKey::new([3; 32]), IndexOptions::default()).unwrap();
    let mut random = Random(77);
    let mut archive = build(&mut random, &index, 300);
    let folded = Folded::default();
    for sort in SORTS {
        let mut query =
            Query { sort: *sort, limit: 20, counterparty: Some("商".to_owned()), ..Query::default() };
        let before = brute_force(&archive, &folded, &query);
        let mut hits = Vec::new();
        loop {
            let page = index.search(&query).unwrap();
            hits.extend(page.hits);
            let Some(next) = page.next else { break };
            query.after = Some(next);
            let seq = index.cursor();
            let versions = vec![random_version(&mut random, 1)];
            archive.insert(seq, versions.clone());
            index.apply(&[RecordDocs { seq, versions }], seq + 1).unwrap();
        }
        let mut once = hits.clone();
        once.sort_by_key(|hit| (hit.seq, hit.version));
        once.dedup();
        assert_eq!(once.len(), hits.len(), "no hit twice: {sort:?}");
        let kept: Vec<Hit> = hits.iter().filter(|hit| before.contains(hit)).copied().collect();
        assert_eq!(kept, before, "none lost, none moved: {sort:?}");
    }
}

#[test]
fn cursors_that_nobody_gave_out_are_refused() {
    for text in ["", "x", "AAAAAAAA", "ＡＡ", &"A".repeat(10_000), "AQAAAAAAAAAAAA=="] {
        assert!(matches!(text.parse::<Cursor>(), Err(SearchError::MalformedCursor)), "{text}");
    }
}

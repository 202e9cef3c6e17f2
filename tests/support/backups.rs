//! An archive with a backup repository for each tier, and contracts of which the test knows the bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{Archive, Numbers, Ran, command, files, pdf, text};

pub const TIERS: [&str; 3] = ["daily", "monthly", "yearly"];

/// An archive with a repository for each tier, and contracts of which we know the bytes.
pub struct Kept {
    pub archive: Archive,
    pub contracts: BTreeMap<String, Vec<u8>>,
}

impl Kept {
    pub fn new(contracts: usize) -> Self {
        let archive = Archive::new();
        let mut lines = String::from("[backup]\n");
        for tier in TIERS {
            fs::create_dir(archive.path(tier)).unwrap();
            lines.push_str(&format!("{tier} = {:?}\n", archive.path(tier)));
        }
        let settings = archive.data().join("shosoin.toml");
        let changed = fs::read_to_string(&settings).unwrap().replace("[backup]\n", &lines);
        fs::write(&settings, changed).unwrap();
        let mut kept = Self { archive, contracts: BTreeMap::new() };
        (0..contracts).for_each(|number| kept.deposit(number, 3_000));
        kept
    }

    /// Deposits a contract with `len` bytes of noise at its end, which no compression makes smaller.
    pub fn deposit(&mut self, number: usize, len: usize) {
        let mut bytes = pdf::contract(&format!("contract number {number}"), 1_500);
        bytes.extend(Numbers(number as u64).bytes(len));
        let file = self.archive.file(&format!("{number}.pdf"), &bytes);
        let flags = ["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"];
        let receipt = self.archive.deposit(&file, &flags);
        self.contracts.insert(text(&receipt["id"]).to_owned(), bytes);
    }

    pub fn backup(&self, tier: &str) -> Value {
        self.archive.json(["backup", "run", tier])
    }

    pub fn key(&self) -> PathBuf {
        self.archive.data().join("keys/kek.key")
    }

    pub fn restore_command(&self, tier: &str, to: &str) -> Command {
        let mut restore = self.archive.command(["restore"]);
        restore.arg("--from").arg(self.archive.path(tier)).arg("--to").arg(self.archive.path(to));
        restore.arg("--key").arg(self.key());
        restore
    }

    pub fn restore(&self, tier: &str, to: &str) -> Ran {
        Ran::of(&mut self.restore_command(tier, to))
    }

    /// A command on an archive beside ours.
    pub fn on(&self, name: &str, args: &[&str]) -> Ran {
        Ran::of(&mut command(&self.archive.path(name), &self.archive.tmp(), args))
    }

    /// The restored archive gives every contract back, byte for byte, and finds it.
    pub fn assert_restored(&self, name: &str) {
        let found = self.on(name, &["search", "--limit", "1"]).success();
        assert_eq!(found["total"], self.contracts.len());
        for (id, expected) in &self.contracts {
            let out = self.archive.path(&format!("{name}-{id}.pdf"));
            self.on(name, &["get", id, "-o", out.to_str().unwrap()]).success();
            assert!(fs::read(out).unwrap() == *expected, "{id} differs");
        }
        let fsck = self.on(name, &["fsck"]).success();
        assert_eq!(fsck["sound"], true, "{fsck}");
    }

    /// The only file of a folder that is as large as the packs of objects are.
    pub fn largest_pack(&self, tier: &str) -> PathBuf {
        let packs = files(&self.archive.path(tier).join("packs"));
        packs.into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
    }
}

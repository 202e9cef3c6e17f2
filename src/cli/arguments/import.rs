//! The command line of `import`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct ImportOptions {
    /// The index book (索引簿): ファイル名, 取引年月日, 取引先, 取引金額, ...
    #[arg(value_name = "INDEX.csv")]
    pub index: PathBuf,
    /// Directory of the files; that of the index book by default
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Encoding of the index book
    #[arg(long, value_enum, default_value_t = Encoding::Auto)]
    pub encoding: Encoding,
    /// Write rejected rows here, with reasons
    #[arg(long, value_name = "OUT.csv")]
    pub rejects: Option<PathBuf>,
    /// Append one JSON line here for each contract that is durably stored
    #[arg(long, value_name = "OUT.jsonl")]
    pub receipts: Option<PathBuf>,
    /// Our own legal entity; the archive's only one by default
    #[arg(long)]
    pub entity: Option<String>,
}

/// Encoding of an index book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    Auto,
    #[value(name = "utf-8")]
    Utf8,
    Cp932,
}

//! The sample contracts, inside the binary: all names in them are invented (`samples/README.md`).

use std::fs;
use std::path::Path;

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../samples/", $name)).as_slice())),*]
    };
}

/// File names and bytes.
const SAMPLES: [(&str, &[u8]); 9] = samples![
    "20201005_有限会社青葉工務店_13200000.pdf",
    "20241108_Kuon Trading LLC_3581.60USD.pdf",
    "20250512_和泉設計事務所株式会社_660000.pdf",
    "20250604_株式会社髙﨑商店_金額なし.pdf",
    "20260121_株式会社蔵王水産_2233940.pdf",
    "20260201_株式会社国税商事_1100000.pdf",
    "20260331_㈱国税商事_330000.pdf",
    "index.csv",
    "trust/sample-roots.pem",
];

/// Writes the samples into a new directory.
pub fn write(directory: &Path) -> std::io::Result<()> {
    fs::create_dir(directory)?;
    fs::create_dir(directory.join("trust"))?;
    SAMPLES.iter().try_for_each(|(name, bytes)| fs::write(directory.join(name), bytes))
}

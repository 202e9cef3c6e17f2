//! The settings of RocksDB, each with its reason. Sizes are in bytes.
//!
//! Memory: [`BLOCK_CACHE`] for reading; for writing at most two buffers of [`TABLE_BUFFER`] per table, flushed early once all
//! together pass [`WRITE_BUFFERS`]. Blobs never pass through RocksDB; see `objects/`.

use rocksdb::{
    BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, Error, InfoLogger, LogLevel, Options,
    ReadOptions, WriteOptions,
};

use super::BLOBS;
use crate::store::Table;

const MIB: usize = 1 << 20;

/// Blocks of tables, their indexes and filters, kept in memory for readers; shared by all tables.
const BLOCK_CACHE: usize = 64 * MIB;

/// Rows are small.
const TABLE_BUFFER: usize = 8 * MIB;

/// All write buffers together; above it the fullest is flushed early.
const WRITE_BUFFERS: usize = 64 * MIB;

/// Each of these while a store is being filled: larger than all rows that may wait then (`fill.rs`), so that RocksDB never
/// writes any down before the objects that they name.
pub(super) const FILL_BUFFERS: usize = 128 * MIB;

/// Table and blob files kept open. Also bounds file descriptors; a server has sockets besides.
const OPEN_FILES: i32 = 256;

/// What an earlier release wrote into blob files stays there, whatever its size.
const MIN_BLOB: u64 = 0;

/// When half of the oldest quarter of the blob files is garbage, what is alive in it moves to new files.
/// Contracts are disposed of by age, so garbage does gather in the oldest files.
const BLOB_GC_OLDEST: f64 = 0.25;
const BLOB_GC_GARBAGE: f64 = 0.5;

/// The log is what a crash has to replay. Buffers of quiet tables would keep it growing: above this they are
/// flushed.
const LOG_TOTAL: u64 = 64 << 20;

/// Dirty pages are handed to the disk in steps, so that an fsync at the end finds little to wait for.
const WRITEBACK_STEP: u64 = 1 << 20;

/// Eight bytes of checksum guard each row while it waits in memory, and every table file is read back once
/// before the log that backs it may go. Neither has a setter of its own in the wrapper.
const CHECKED: &str = "memtable_protection_bytes_per_key=8;paranoid_file_checks=true";

/// How table and blob files are written. The log is always written through the system's cache, and fsynced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileWrites {
    /// From RocksDB's buffer to the disk, not through the system's cache.
    Direct,
    /// Through the system's cache, where there is nothing else.
    Buffered,
}

/// What the column families share.
pub(super) struct Resources {
    cache: Cache,
}

impl Resources {
    pub(super) fn new() -> Self {
        Self { cache: Cache::new_lru_cache(BLOCK_CACHE) }
    }

    /// Options of the database as a whole.
    pub(super) fn database(&self, create: bool, logged: bool, writes: FileWrites) -> Result<Options, Error> {
        let mut options = Options::default().get_options_from_string(CHECKED)?;
        options.create_if_missing(create);
        options.create_missing_column_families(true); // `open.rs` has made sure that the database is ours.
        options.set_paranoid_checks(true);
        // Without a log the tables must reach the disk together, or a crash would leave some ahead of the others.
        options.set_atomic_flush(!logged);
        // A torn write at the end of the log is what a crash leaves, and nobody was told that it was durable:
        // stop before it. (AbsoluteConsistency would refuse to open; SkipAnyCorrupted would leave holes.)
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        options.set_track_and_verify_wals_in_manifest(true); // A log file that vanished is noticed.
        // Reused log files would save some block allocation, but keep old rows, wrapped keys among them, past
        // `erase_traces`.
        options.set_recycle_log_file_num(0);
        options.set_max_total_wal_size(LOG_TOTAL);
        options.set_use_direct_io_for_flush_and_compaction(writes == FileWrites::Direct);
        options.set_bytes_per_sync(WRITEBACK_STEP);
        options.set_wal_bytes_per_sync(WRITEBACK_STEP);
        // One committer writes at a time, so there is no queue for pipelined writes to overlap.
        options.set_enable_pipelined_write(false);
        options.set_db_write_buffer_size(if logged { WRITE_BUFFERS } else { FILL_BUFFERS });
        options.set_max_open_files(OPEN_FILES);
        options.set_max_background_jobs(2); // One flush and one compaction leave a small machine its cores.
        options.set_max_manifest_file_size(16 * MIB);
        // Instead of `LOG` files in the directory, which grow, and which every refused second opening rolls.
        options.set_info_logger(InfoLogger::new_callback_logger(LogLevel::Warn, tell));
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        Ok(options)
    }

    /// Options of one column family.
    pub(super) fn family(&self, name: &str, logged: bool) -> Result<Options, Error> {
        let mut options = Options::default().get_options_from_string(CHECKED)?;
        options.set_block_based_table_factory(&self.blocks());
        options.set_compression_type(compression(name));
        options.set_write_buffer_size(if logged { TABLE_BUFFER } else { FILL_BUFFERS });
        options.set_max_write_buffer_number(2);
        if name == BLOBS {
            options.set_enable_blob_files(true);
            options.set_min_blob_size(MIN_BLOB);
            // Blobs are ciphertext; what could be compressed was, before sealing.
            options.set_blob_compression_type(DBCompressionType::None);
            options.set_enable_blob_gc(true);
            options.set_blob_gc_age_cutoff(BLOB_GC_OLDEST);
            options.set_blob_gc_force_threshold(BLOB_GC_GARBAGE);
        }
        Ok(options)
    }

    fn blocks(&self) -> BlockBasedOptions {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&self.cache);
        // Indexes and filters count against the cache, or they would grow with the archive without bound.
        blocks.set_cache_index_and_filter_blocks(true);
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
        // "Is this contract known?" is mostly answered by no; a filter says so without touching the disk.
        blocks.set_bloom_filter(10.0, false);
        blocks
    }
}

/// Passes RocksDB's messages on to our log. What matters to a caller comes back as an error as well; this is
/// for what happens in the background.
fn tell(level: LogLevel, message: &str) {
    // Called from C++, through which no panic may pass; a log line is not worth the process.
    let _ = std::panic::catch_unwind(|| match level {
        LogLevel::Error | LogLevel::Fatal => {
            // Some go on for a hundred lines about RocksDB's own state, in which the reader would lose what matters.
            let first = message.lines().next().unwrap_or_default();
            tracing::warn!(target: "shosoin::store", "RocksDB: {first}");
            tracing::debug!(target: "shosoin::store", "RocksDB: {message}");
        }
        LogLevel::Header => {} // All settings, over a thousand lines, at each opening.
        _ => tracing::debug!(target: "shosoin::store", "RocksDB: {message}"),
    });
}

/// Rows in JSON repeat their member names. The other tables hold ciphertext, hashes and ids.
fn compression(name: &str) -> DBCompressionType {
    let json = [Table::Records, Table::Versions, Table::Journal, Table::Idempotency];
    match json.iter().any(|table| table.name() == name) {
        true => DBCompressionType::Lz4,
        false => DBCompressionType::None,
    }
}

/// Every commit reaches the disk before it is acknowledged; in a store that is being filled, with the next flush.
pub(super) fn writing(logged: bool) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(logged);
    options.disable_wal(!logged);
    options
}

/// Checksums are verified on every read. `once`: the read does not push other rows out of the cache.
pub(super) fn reading(once: bool) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options.fill_cache(!once);
    options
}

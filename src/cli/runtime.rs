//! The threads under a command, and Ctrl-C.

use super::CliError;

/// Runs asynchronous work to its end.
pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// # Errors
    /// When the operating system gives no threads.
    pub fn start() -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime
            .map(Self)
            .map_err(|error| CliError::new("io", format!("no threads can be started: {error}"), None))
    }

    /// Runs `work`; Ctrl-C ends it as interrupted. Work that blocks is allowed to finish when the runtime is dropped.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
        self.0.block_on(async {
            tokio::select! {
                result = work => result,
                _ = tokio::signal::ctrl_c() => {
                    let hint = Some("what was acknowledged is kept; repeat the command to go on");
                    Err(CliError::new("interrupted", "interrupted", hint))
                }
            }
        })
    }
}

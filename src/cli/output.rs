//! What a command says: results to stdout, talk to stderr, everything as JSON on request.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::CliError;
use super::words::japanese;

/// Language of the talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    Ja,
    En,
}

impl Lang {
    /// `--lang`, else the environment, else English.
    pub fn detect(chosen: Option<Self>) -> Self {
        let environment = || {
            ["LC_ALL", "LC_MESSAGES", "LANG"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        };
        match chosen {
            Some(lang) => lang,
            None if environment().is_some_and(|locale| locale.starts_with("ja")) => Self::Ja,
            None => Self::En,
        }
    }
}

/// So many of a thing, in English: `1 record`, `2 records`.
pub fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Text of a record within a line of ours: as it is, but for what would end the line or turn its direction, so that a
/// name cannot pass for another line or another name.
pub fn inline(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Where and how a command speaks.
pub struct Output {
    pub json: bool,
    pub lang: Lang,
}

impl Output {
    pub fn new(json: bool, lang: impl Into<Option<Lang>>) -> Self {
        Self { json, lang: Lang::detect(lang.into()) }
    }

    /// The text in the language of the talk.
    pub fn text<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// The result: `value` as JSON, or what `human` prints.
    ///
    /// # Errors
    /// When stdout cannot be written, e.g. because the pipe was closed.
    pub fn result<T: Serialize>(
        &self,
        value: &T,
        human: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        let written = if self.json {
            serde_json::to_writer(&mut out, value).map_err(std::io::Error::from).and_then(|()| writeln!(out))
        } else {
            human(&mut out)
        };
        written
            .and_then(|()| out.flush())
            .map_err(|error| CliError::new("io", format!("stdout: {error}"), None))
    }

    /// Talk on stderr, in words.
    pub fn say(&self, ja: &str, en: &str) {
        // Talk that nobody can read must not end the command.
        let _ = writeln!(std::io::stderr(), "{}", self.text(ja, en));
    }

    /// The error, in the shape that scripts rely on.
    pub fn error(&self, error: &CliError) {
        if self.json {
            let body = serde_json::json!({
                "error": { "code": error.code, "message": error.message, "hint": error.hint }
            });
            let _ = writeln!(std::io::stdout(), "{body}");
            return;
        }
        let mut err = std::io::stderr().lock();
        if self.lang == Lang::Ja {
            let words = japanese(&error.code);
            let _ = writeln!(err, "エラー: {}（{}）\n対処: {}", words.what, error.told_ja(), words.hint);
            return;
        }
        let _ = writeln!(err, "error: {}", error.message);
        if let Some(hint) = &error.hint {
            let _ = writeln!(err, "hint: {hint}");
        }
    }

    /// A bar on stderr when it is a terminal and the result is for people; invisible otherwise.
    pub fn progress(&self, total: u64, unit: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let template = match unit {
            "bytes" => "{bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}",
            _ => "{bar:32} {human_pos}/{human_len} {per_sec} {eta} {wide_msg}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(total).with_style(style)
    }

    /// A spinner for work whose length is unknown.
    pub fn spinner(&self, ja: &str, en: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner().with_message(self.text(ja, en).to_owned());
        spinner.enable_steady_tick(std::time::Duration::from_millis(120));
        spinner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_line_and_keeps_its_direction() {
        assert_eq!(inline("改行\n商店\r\u{202e}x"), "改行 商店 x");
        assert_eq!(inline("葛\u{e0100}城　㈱髙﨑"), "葛\u{e0100}城　㈱髙﨑");
    }

    #[test]
    fn things_are_counted_in_plain_english() {
        assert_eq!((counted(1, "record"), counted(0, "record")), ("1 record".into(), "0 records".into()));
    }
}

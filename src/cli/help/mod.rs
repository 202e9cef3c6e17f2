//! `--help` in Japanese: the same tree of commands, its sentences exchanged by a table.

mod commands;
mod flags;

use clap::{Arg, ArgAction, Command};

/// `command` and everything below it with Japanese help.
pub fn in_japanese(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let flags: Vec<String> = command.get_arguments().map(|one| one.get_id().to_string()).collect();
    let about = command.get_about().map(|about| said(&about.to_string()));
    let long = command.get_long_about().map(|about| said(&about.to_string()));
    let examples = command.get_after_help().map(|text| example(&text.to_string()));
    let mut command = command
        .disable_help_flag(true)
        .help_template("{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("コマンド")
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).help("この説明を表示する"));
    command = command.mut_arg("help", |arg| arg.help_heading("オプション"));
    if command.get_version().is_some() {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command =
            command.disable_version_flag(true).arg(version.help("版を表示する").help_heading("オプション"));
    }
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    if let Some(examples) = examples {
        command = command.after_help(examples);
    }
    command = flags.into_iter().fold(command, |command, id| command.mut_arg(id, flag));
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, in_japanese))
}

fn flag(arg: Arg) -> Arg {
    let heading = if arg.is_positional() { "引数" } else { "オプション" };
    let (help, long) =
        (arg.get_help().map(ToString::to_string), arg.get_long_help().map(ToString::to_string));
    let arg = arg.help_heading(heading);
    let arg = match help {
        Some(help) => arg.help(said(&help)),
        None => arg,
    };
    match long {
        Some(long) => arg.long_help(said(&long)),
        None => arg,
    }
}

/// The sentence in Japanese; as it is where the tables have none.
fn said(english: &str) -> String {
    let found = commands::COMMANDS.iter().chain(flags::FLAGS).find(|(known, _)| *known == english);
    found.map_or(english, |(_, japanese)| *japanese).to_owned()
}

fn example(text: &str) -> String {
    text.replacen("Examples:", "例:", 1).replacen("Example:", "例:", 1)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::Arguments;

    /// The sentences of a command and of what is below it.
    fn sentences(command: &Command, all: &mut Vec<String>) {
        all.extend(command.get_about().map(ToString::to_string));
        all.extend(command.get_long_about().map(ToString::to_string));
        all.extend(command.get_arguments().filter_map(|arg| arg.get_help()).map(ToString::to_string));
        all.extend(command.get_arguments().filter_map(|arg| arg.get_long_help()).map(ToString::to_string));
        command.get_subcommands().for_each(|one| sentences(one, all));
    }

    #[test]
    fn every_command_and_flag_has_its_help_in_japanese() {
        let mut all = Vec::new();
        sentences(&Arguments::command(), &mut all);
        assert!(all.len() > 200);
        let known =
            |text: &String| commands::COMMANDS.iter().chain(flags::FLAGS).any(|(english, _)| english == text);
        let missing: Vec<_> = all.iter().filter(|text| !known(text)).collect();
        assert!(missing.is_empty(), "put these into src/cli/help: {missing:#?}");
        let unused: Vec<_> = commands::COMMANDS
            .iter()
            .chain(flags::FLAGS)
            .filter(|(english, _)| !all.iter().any(|text| text == english))
            .collect();
        assert!(unused.is_empty(), "nothing says these any more: {unused:#?}");
    }

    fn without_example(command: &Command, all: &mut Vec<String>) {
        if command.get_after_help().is_none() && !command.has_subcommands() {
            all.push(command.get_name().to_owned());
        }
        command.get_subcommands().for_each(|one| without_example(one, all));
    }

    #[test]
    fn every_command_shows_an_example() {
        let mut missing = Vec::new();
        without_example(&Arguments::command(), &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn examples_can_be_typed_as_they_stand() {
        let mut examples = Vec::new();
        examples_of(&Arguments::command(), &mut examples);
        assert!(examples.len() > 80);
        for example in examples {
            // The shell's part: quotes, patterns and redirections.
            let line = example.split(" > ").next().unwrap_or_default();
            let words = line.split('"').enumerate().flat_map(|(n, part)| match n % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
                _ => vec![part.to_owned()],
            });
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{example}: {error}");
            }
        }
    }

    fn examples_of(command: &Command, all: &mut Vec<String>) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        all.extend(
            text.lines().map(str::trim).filter(|line| line.starts_with("shosoin ")).map(str::to_owned),
        );
        command.get_subcommands().for_each(|one| examples_of(one, all));
    }

    #[test]
    fn help_in_japanese_reads_the_same_command_lines() {
        in_japanese(Arguments::command()).debug_assert();
        let read =
            in_japanese(Arguments::command()).try_get_matches_from(["shosoin", "--lang", "ja", "fsck"]);
        assert_eq!(read.unwrap().subcommand_name(), Some("fsck"));
        let help = in_japanese(Arguments::command()).try_get_matches_from(["shosoin", "deposit", "--help"]);
        let help = help.unwrap_err().to_string();
        for word in ["使い方: shosoin deposit", "取引金額", "オプション:", "引数:", "例:"] {
            assert!(help.contains(word), "{word}: {help}");
        }
        assert!(!help.contains("Options:") && !help.contains("Usage:"), "{help}");
    }
}

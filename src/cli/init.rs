//! `init`: create an archive.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::CliError;
use super::arguments::InitOptions;
use super::key;
use super::output::Output;
use crate::archive;
use crate::seal::key_file::Protection;

#[derive(Serialize)]
struct Initialised<'a> {
    data: &'a Path,
    key_id: &'a str,
    key_file: &'a Path,
    /// Shown once; only a keyed hash of it is stored.
    admin_token: &'a str,
}

pub fn run(data: &Path, options: &InitOptions, output: &Output) -> Result<ExitCode, CliError> {
    let protection = if options.passphrase { key::protection(true)? } else { Protection::None };
    let created = archive::create_with(data, &protection)?;
    let result = Initialised {
        data: &created.data,
        key_id: &created.key_id,
        key_file: &created.key_file,
        admin_token: &created.admin_token,
    };
    output.result(&result, |out| {
        writeln!(out, "{}: {}", output.text("アーカイブ", "archive"), created.data.display())?;
        writeln!(out, "{}: {}", output.text("鍵の番号", "key id"), created.key_id)?;
        writeln!(out, "{}: {}", output.text("鍵ファイル", "key file"), created.key_file.display())?;
        writeln!(out, "{}: {}", output.text("管理者トークン", "admin token"), created.admin_token)
    })?;
    output.say(
        "管理者トークンは今だけ表示されます。控えてください。\n\
         鍵ファイルの控えを、データとは別の安全な場所に必ず保管してください。失うと誰も契約書を読めません。\n\
         shosoin.toml の事業年度と法人名を、最初の預け入れの前に自社に合わせてください。",
        "The admin token is shown only now; write it down.\n\
         Keep a copy of the key file in a safe place apart from the data: without it nobody can read the contracts.\n\
         Set your entity's name and fiscal year in shosoin.toml before the first deposit.",
    );
    key::remind_of_kit(output);
    Ok(ExitCode::SUCCESS)
}

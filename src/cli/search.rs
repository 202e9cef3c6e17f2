//! `search`: a page of hits, or all of them as an index book.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use axum::http::Method;

use super::CliError;
use super::arguments::SearchOptions;
use super::client::{Client, with_query};
use super::deposit::amount_text;
use super::output::{Output, counted, inline};
use crate::archive::{SearchPage, SearchRequest};

pub fn run(data: &Path, options: &SearchOptions, output: &Output) -> Result<ExitCode, CliError> {
    let request = SearchRequest {
        sort: options.sort.clone(),
        limit: options.limit,
        after: options.after.clone(),
        ..options.conditions.request()
    };
    let client = Client::open(data)?;
    if options.csv {
        return index_book(&client, &request);
    }
    let page: SearchPage = client.get(&with_query("/api/v1/records", &request)?)?;
    output.result(&page, |out| print_page(&page, output, out))?;
    Ok(ExitCode::SUCCESS)
}

fn index_book(client: &Client, request: &SearchRequest) -> Result<ExitCode, CliError> {
    let mut out = std::io::stdout().lock();
    let path = with_query("/api/v1/records.csv", request)?;
    let stdout = |error: std::io::Error| CliError::new("io", format!("stdout: {error}"), None);
    client.download(Method::GET, &path, Vec::new(), |_, bytes| out.write_all(bytes).map_err(stdout))?;
    out.flush().map_err(stdout)?;
    Ok(ExitCode::SUCCESS)
}

fn print_page(page: &SearchPage, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let total = page.total;
    if total == 0 {
        return writeln!(out, "{}", output.text("該当する文書はありません。", "No record matches."));
    }
    writeln!(
        out,
        "{}",
        output.text(
            &format!("該当 {total} 件"),
            &format!("{} match{}", counted(total, "record"), if total == 1 { "es" } else { "" })
        )
    )?;
    for hit in &page.hits {
        let amount = amount_text(hit.amount, hit.currency.as_deref(), output);
        let title = inline(hit.title.as_deref().unwrap_or(""));
        let party = inline(&hit.counterparty);
        let mark = match (hit.withdrawn, hit.current) {
            (true, _) => output.text("【取下げ】", "[withdrawn] "),
            (_, false) => output.text("【旧版】", "[superseded] "),
            _ => "",
        };
        writeln!(out, "{}  {}  {mark}{party}  {amount}  {title}", hit.id, hit.date)?;
    }
    if let Some(next) = &page.next {
        writeln!(out, "{} --after {next}", output.text("続き:", "more:"))?;
    }
    Ok(())
}

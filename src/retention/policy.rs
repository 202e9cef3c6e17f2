//! One retention policy: one TOML file, read, checked, and its worked examples tried, before it may decide anything.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::error::{PolicyError, PolicyProblem as Problem};
use super::example::Example;
use super::text::Text;
use super::trigger::{Condition, Mode, Period, Trigger};
use super::{day, place};

/// Largest policy file in bytes; the shipped ones have about 2,000.
pub const MAX_POLICY_BYTES: usize = 64 * 1024;
/// Longest period in years.
pub const MAX_PERIOD_YEARS: u32 = 1_000;
/// Longest name of an event in characters; it is the name of a custom field.
const MAX_EVENT_CHARS: usize = 64;
/// Most months of a period beside its years, and of a trigger.
pub const MAX_MONTHS: u32 = 120;

/// One rule of a retention schedule: which documents, from when, how long, and which law says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name in journals and explanations: 1 to 64 of a-z, 0-9 and '-'. Never reused for another rule.
    pub id: String,
    /// What people call the policy.
    pub title: Text,
    /// The law or ordinance.
    pub law: Text,
    /// The article of the law.
    pub article: Text,
    /// The day whose law the policy states; articles are renumbered and periods change.
    #[serde(deserialize_with = "day::one")]
    pub as_of: NaiveDate,
    /// The document classes covered.
    pub classes: Classes,
    /// Beside `classes = "*"`: the classes that are not covered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_classes: Vec<String>,
    /// Which of our own legal entities the policy is for; every one when it is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<String>,
    /// When the policy asks for a document of these classes.
    #[serde(default)]
    pub condition: Condition,
    /// Whether a period once given can be made shorter: `compliance` (never; the default) or `governance` (by two people).
    #[serde(default, skip_serializing_if = "Mode::is_default")]
    pub mode: Mode,
    /// What starts the period.
    pub trigger: Trigger,
    /// How long the period is; absent exactly when the trigger is `unbounded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// What lengthens the period and cannot be calculated: an audit, a dispute. A legal hold is the tool for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended_by: Vec<Text>,
    /// Where the law's text can be read.
    pub sources: Vec<String>,
    /// Cases worked by hand; the policy is refused when it does not give the same days.
    #[serde(default, rename = "example")]
    pub examples: Vec<Example>,
}

impl Policy {
    /// Reads one policy and tries its examples. `file` is only for the messages.
    ///
    /// # Errors
    /// The first thing wrong, with file, line and key.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        let fail = |line, key, problem| PolicyError { file: file.to_string(), line, key, problem };
        if text.len() > MAX_POLICY_BYTES {
            let problem = Problem::TooLarge { bytes: text.len(), limit: MAX_POLICY_BYTES };
            return Err(fail(1, "(file)".to_string(), problem));
        }
        let policy: Self = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let key = missing_field(&error).unwrap_or_else(|| place::key_at(text, offset));
            fail(place::line_at(text, offset), key, Problem::Shape(error.message().to_string()))
        })?;
        match policy.check() {
            Ok(()) => Ok(policy),
            Err((path, problem)) => {
                let steps: Vec<&str> = path.split('.').collect();
                Err(fail(place::line_of(text, &steps), path, problem))
            }
        }
    }

    /// Whether documents of `class` are covered, whatever the condition.
    #[must_use]
    pub fn covers(&self, class: &str) -> bool {
        self.classes.covers(class) && !self.except_classes.iter().any(|except| except == class)
    }

    /// Whether records of `entity` are covered.
    #[must_use]
    pub fn covers_entity(&self, entity: &str) -> bool {
        self.entities.is_empty() || self.entities.iter().any(|name| name == entity)
    }

    /// Checks what the types cannot. The error carries the path of the key.
    fn check(&self) -> Result<(), (String, Problem)> {
        let at = |path: &str, problem| Err((path.to_string(), problem));
        let id_is_plain = self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if self.id.is_empty() || self.id.len() > 64 || !id_is_plain {
            return at("id", Problem::BadId(self.id.chars().take(80).collect()));
        }
        for (key, text) in [("title", &self.title), ("law", &self.law), ("article", &self.article)] {
            for (lang, words) in [("ja", &text.ja), ("en", &text.en)] {
                if words.trim().is_empty() {
                    return at(&format!("{key}.{lang}"), Problem::EmptyText);
                }
            }
        }
        for (index, text) in self.extended_by.iter().enumerate() {
            if text.ja.trim().is_empty() || text.en.trim().is_empty() {
                return at(&format!("extended_by.{index}"), Problem::EmptyText);
            }
        }
        self.check_classes()?;
        self.check_trigger()?;
        self.check_period()?;
        if self.sources.iter().all(|source| source.trim().is_empty()) {
            return at("sources", Problem::NoSources);
        }
        if self.examples.is_empty() {
            return at("example", Problem::NoExamples);
        }
        for (index, example) in self.examples.iter().enumerate() {
            example.check(self).map_err(|problem| (format!("example.{index}"), problem))?;
        }
        Ok(())
    }

    fn check_classes(&self) -> Result<(), (String, Problem)> {
        let Classes::Listed(names) = &self.classes else { return Ok(()) };
        if names.is_empty() || names.iter().any(|name| name.trim().is_empty()) {
            return Err(("classes".to_string(), Problem::NoClasses));
        }
        if !self.except_classes.is_empty() {
            return Err(("except_classes".to_string(), Problem::ExceptWithoutAll));
        }
        Ok(())
    }

    fn check_trigger(&self) -> Result<(), (String, Problem)> {
        if let Trigger::FiscalYearEndPlusMonths { months } | Trigger::FilingDeadline { months, .. } =
            &self.trigger
        {
            at_most(*months, MAX_MONTHS, "trigger")?;
        }
        match self.trigger.event() {
            Some(name) if name.trim().is_empty() || name.chars().count() > MAX_EVENT_CHARS => {
                Err(("trigger".to_string(), Problem::BadEvent { limit: MAX_EVENT_CHARS }))
            }
            _ => Ok(()),
        }
    }

    fn check_period(&self) -> Result<(), (String, Problem)> {
        let period = match (&self.period, &self.trigger) {
            (None, Trigger::Unbounded) => return Ok(()),
            (Some(_), Trigger::Unbounded) => return Err(("period".to_string(), Problem::PeriodForUnbounded)),
            (None, _) => return Err(("period".to_string(), Problem::NoPeriod)),
            (Some(period), _) => period,
        };
        check_length(period.years, period.months, "period")?;
        for (index, exception) in period.exceptions.iter().enumerate() {
            check_length(exception.years, exception.months, &format!("period.exception.{index}"))?;
        }
        Ok(())
    }
}

fn check_length(years: u32, months: u32, path: &str) -> Result<(), (String, Problem)> {
    if years == 0 && months == 0 {
        return Err((path.to_string(), Problem::NoPeriod));
    }
    at_most(years, MAX_PERIOD_YEARS, &format!("{path}.years"))?;
    at_most(months, MAX_MONTHS, &format!("{path}.months"))
}

fn at_most(value: u32, limit: u32, path: &str) -> Result<(), (String, Problem)> {
    if value > limit { Err((path.to_string(), Problem::TooLong { value, limit })) } else { Ok(()) }
}

/// A missing key stands nowhere, so the parser names it only in words.
fn missing_field(error: &toml::de::Error) -> Option<String> {
    let name = error.message().strip_prefix("missing field `")?;
    Some(name.split('`').next().unwrap_or(name).to_string())
}

/// Reads a whole schedule, given as pairs of file name and text; the order does not matter.
///
/// # Errors
/// The first file refused, and an id that two files share.
pub fn parse_all<'t>(
    files: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<Vec<Policy>, PolicyError> {
    let mut policies: Vec<Policy> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (file, text) in files {
        let policy = Policy::parse(file, text)?;
        let same = policies.iter().zip(&names).find(|(other, _)| other.id == policy.id);
        if let Some((_, other)) = same {
            let problem = Problem::DuplicateId { id: policy.id, other: (*other).to_string() };
            let line = place::line_of(text, &["id"]);
            return Err(PolicyError { file: file.to_string(), line, key: "id".to_string(), problem });
        }
        policies.push(policy);
        names.push(file);
    }
    Ok(policies)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;

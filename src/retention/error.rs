//! What can be wrong with a policy file or a fiscal calendar, and what to do about it.

use chrono::NaiveDate;

/// A policy file is refused. Points at the file, the line (from 1) and the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, {key}: {problem}")]
pub struct PolicyError {
    /// Name of the file, as it was given.
    pub file: String,
    /// Line of the key, counted from 1.
    pub line: usize,
    /// Key with its tables, such as `period.years`; `(file)` when no key can be blamed.
    pub key: String,
    /// What is wrong.
    pub problem: PolicyProblem,
}

/// What is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// Not TOML, an unknown key, a wrong type, a missing key: the parser's own words.
    #[error("{0}; see schema/retention-policy.schema.json for every key")]
    Shape(String),
    /// More bytes than a policy can reasonably have.
    #[error("the file has {bytes} bytes, a policy at most {limit}; is this the right file?")]
    TooLarge { bytes: usize, limit: usize },
    /// Ids appear in journals and URLs.
    #[error("the id {0:?} is not usable; take 1 to 64 of a-z, 0-9 and '-'")]
    BadId(String),
    /// Another file has taken the id.
    #[error("the id {id:?} is already used by {other}; give this policy another one")]
    DuplicateId { id: String, other: String },
    /// A text of the policy is blank.
    #[error("the text is empty; people read it as the reason for keeping a document, so write it")]
    EmptyText,
    /// A policy for nothing.
    #[error("no class is listed; list at least one, or write \"*\" for every class")]
    NoClasses,
    /// `except_classes` beside a list.
    #[error(
        "except_classes only makes sense with classes = \"*\"; leave the classes out of the list instead"
    )]
    ExceptWithoutAll,
    /// The event that starts the period has no usable name.
    #[error(
        "the event has no name, or one longer than {limit} characters; name the custom field that tells its day"
    )]
    BadEvent { limit: usize },
    /// A finite trigger without a period.
    #[error("the period is missing or zero; give years or months, or the trigger \"unbounded\"")]
    NoPeriod,
    /// An infinite trigger with a period.
    #[error("\"unbounded\" never ends, so it takes no period; remove one of the two")]
    PeriodForUnbounded,
    /// A period or a count of months beyond any law.
    #[error("{value} is more than {limit}; is it a slip of the pen?")]
    TooLong { value: u32, limit: u32 },
    /// Nobody can check the policy.
    #[error("no source is given; name the text of the law that the policy states")]
    NoSources,
    /// Nobody has worked an example.
    #[error("no [[example]] is given; work at least one by hand, so that a slip shows")]
    NoExamples,
    /// The example's own fiscal year is impossible.
    #[error("the example's fiscal year is impossible: {0}")]
    ExampleCalendar(CalendarError),
    /// The rule and the example disagree.
    #[error("the example expects {expected}, but the policy gives {found}; one of the two is wrong")]
    ExampleDiffers { expected: String, found: String },
}

/// A fiscal calendar is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// A period that ends before it begins.
    #[error("the fiscal year {start} to {end} ends before it begins; exchange the two days")]
    Backwards { start: NaiveDate, end: NaiveDate },
    /// Two periods claim the same day.
    #[error(
        "the fiscal years {first_start} to {first_end} and {second_start} to {second_end} overlap; \
         correct one, since a day belongs to one fiscal year only"
    )]
    Overlap { first_start: NaiveDate, first_end: NaiveDate, second_start: NaiveDate, second_end: NaiveDate },
    /// More extension than the law knows.
    #[error("a filing extension of {months} months is more than {limit}; give the months granted")]
    ExtensionTooLong { months: u8, limit: u8 },
    /// More periods than a company can have lived through.
    #[error(
        "{count} fiscal years are given, at most {limit} are kept; use fiscal_year_ends for regular years"
    )]
    TooManyYears { count: usize, limit: usize },
    /// Not a day of the year.
    #[error("{text:?} is not a day on which fiscal years end; write 03-31, 12-20 or 02-end")]
    NotAYearEnd { text: String },
}

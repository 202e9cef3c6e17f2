//! Settings about renditions that are made without being asked for: which contracts get one, when, how many a night.

use serde::Deserialize;

/// `[renditions]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RenditionsConfig {
    pub when: RenditionsWhen,
    /// With any of these: only contracts that meet all of them, each as in `search`; empty: no condition.
    pub counterparty: String,
    pub class: String,
    pub entity: String,
    /// Transaction dates `A..B`.
    pub period: String,
    /// Months before the protection inside a file ends from which on it is due.
    pub months_before: u32,
    /// Most that are made in one run; each takes a timestamp.
    pub per_run: u32,
}

/// When a signed contract gets its rendition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenditionsWhen {
    /// Only when somebody asks for it.
    #[default]
    OnDemand,
    /// When what protects the signatures inside the file ends soon.
    ProtectionEnds,
    /// As soon as it is deposited, while its authorities still answer; and again when the newest one ends soon.
    Always,
}

impl Default for RenditionsConfig {
    fn default() -> Self {
        Self {
            when: RenditionsWhen::OnDemand,
            counterparty: String::new(),
            class: String::new(),
            entity: String::new(),
            period: String::new(),
            months_before: 12,
            per_run: 10,
        }
    }
}

impl RenditionsConfig {
    /// Refuses what makes no sense.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.months_before == 0 || self.months_before > 120 {
            return Err("[renditions] months_before must be from 1 to 120".into());
        }
        if self.per_run == 0 {
            return Err("[renditions] per_run must be at least 1; when = \"on-demand\" makes none".into());
        }
        let period = self.period.trim();
        if !period.is_empty() && period.parse::<crate::record::DateRange>().is_err() {
            return Err(format!(
                "[renditions] period {period:?} is no period such as 2025-04-01..2026-03-31"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RenditionsConfig, String> {
        let config: RenditionsConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map(|()| config)
    }

    #[test]
    fn nothing_is_bought_unless_somebody_says_so() {
        assert_eq!(parse("").unwrap().when, RenditionsWhen::OnDemand);
        let set =
            parse("when = \"protection-ends\"\nperiod = \"2025-04-01..\"\ncounterparty = \"国税\"").unwrap();
        assert_eq!((set.when, set.per_run), (RenditionsWhen::ProtectionEnds, 10));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, said) in [
            ("when = \"sometimes\"", "protection-ends"),
            ("months_before = 0", "months_before"),
            ("per_run = 0", "on-demand"),
            ("period = \"last year\"", "2025-04-01..2026-03-31"),
            ("classes = []", "classes"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}

//! Whether a contract is due for a rendition by itself: a pure rule over what is known of it, with its reason.

use chrono::{DateTime, Months, Utc};

use crate::config::RenditionsWhen;
use crate::panel::{Panel, Verdict};

/// How long a contract of which none could be made is left alone, in days: what is missing may be had later, or a newer
/// release may be able to; a timestamp may have been paid for, so it is not tried every night.
const LEFT_ALONE_DAYS: i64 = 90;

/// What the rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The original, as it was judged at the deposit.
    pub panel: &'a Panel,
    /// Until when the newest rendition is protected.
    pub newest: Option<DateTime<Utc>>,
    /// When it was found that none can be made.
    pub refused_at: Option<DateTime<Utc>>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Due; what protects it now ends then, which says how urgent it is.
    Due {
        ends: DateTime<Utc>,
    },
    Skipped(Skipped),
}

/// Why nothing is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// There is no signature to preserve.
    Unsigned,
    /// A signature fails, or is not certain: a copy would not mend it.
    NotValid,
    /// What protects it ends later than the window.
    Protected,
    /// Its protection inside the file has ended; only the archive's evidence record still proves it.
    Lapsed,
    /// None could be made not long ago.
    RefusedBefore,
}

/// Whether it is due at `now`.
pub fn standing(known: Known<'_>, when: RenditionsWhen, months_before: u32, now: DateTime<Utc>) -> Standing {
    let skip = Standing::Skipped;
    let signed = !known.panel.signatures.is_empty();
    match known.panel.verdict {
        _ if !signed => return skip(Skipped::Unsigned),
        Verdict::TotalPassed => {}
        _ => return skip(Skipped::NotValid),
    }
    if known.refused_at.is_some_and(|at| now.signed_duration_since(at).num_days() < LEFT_ALONE_DAYS) {
        return skip(Skipped::RefusedBefore);
    }
    let Some(ends) = known.newest.or(known.panel.protected_until) else { return skip(Skipped::NotValid) };
    if ends <= now {
        return skip(Skipped::Lapsed);
    }
    let window = now.checked_add_months(Months::new(months_before)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let wanted = match when {
        RenditionsWhen::OnDemand => false,
        RenditionsWhen::ProtectionEnds => ends <= window,
        RenditionsWhen::Always => known.newest.is_none() || ends <= window,
    };
    if wanted { Standing::Due { ends } } else { skip(Skipped::Protected) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pki::revocation::Evidence;
    use crate::pki::trust::TrustStore;

    const SIGNED: &[u8] = include_bytes!("../../../../samples/20260201_株式会社国税商事_1100000.pdf");

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Signed and valid, protected until the end of 2030.
    fn panel() -> Panel {
        let panel = crate::panel::examine(
            SIGNED,
            &TrustStore::empty(),
            at("2026-11-22T00:00:00Z"),
            &Evidence::default(),
        );
        let protected_until = Some(at("2030-12-31T00:00:00Z"));
        Panel { verdict: Verdict::TotalPassed, protected_until, ..panel }
    }

    fn ask(
        panel: &Panel,
        when: RenditionsWhen,
        newest: Option<&str>,
        refused: Option<&str>,
        now: &str,
    ) -> Standing {
        let known = Known { panel, newest: newest.map(at), refused_at: refused.map(at) };
        standing(known, when, 12, at(now))
    }

    #[test]
    fn each_way_asks_at_its_time() {
        use RenditionsWhen::{Always, OnDemand, ProtectionEnds};
        let (panel, ends) = (panel(), at("2030-12-31T00:00:00Z"));
        let skipped = Standing::Skipped(Skipped::Protected);
        assert_eq!(ask(&panel, OnDemand, None, None, "2030-06-01T00:00:00Z"), skipped);
        assert_eq!(ask(&panel, ProtectionEnds, None, None, "2029-12-30T00:00:00Z"), skipped);
        assert_eq!(ask(&panel, ProtectionEnds, None, None, "2029-12-31T00:00:00Z"), Standing::Due { ends });
        assert_eq!(ask(&panel, Always, None, None, "2026-12-01T00:00:00Z"), Standing::Due { ends });
        // With a rendition it is the rendition's end that counts.
        let newest = Some("2037-06-01T00:00:00Z");
        assert_eq!(ask(&panel, Always, newest, None, "2030-06-01T00:00:00Z"), skipped);
        let ends = at("2037-06-01T00:00:00Z");
        assert_eq!(ask(&panel, ProtectionEnds, newest, None, "2036-07-01T00:00:00Z"), Standing::Due { ends });
    }

    #[test]
    fn what_a_copy_cannot_help_is_left_alone_with_its_reason() {
        let when = RenditionsWhen::Always;
        let (good, now) = (panel(), "2026-12-01T00:00:00Z");
        let unsigned = Panel { signatures: Vec::new(), verdict: Verdict::Unsigned, ..good.clone() };
        let broken = Panel { verdict: Verdict::TotalFailed, ..good.clone() };
        let because = |why| Standing::Skipped(why);
        assert_eq!(ask(&unsigned, when, None, None, now), because(Skipped::Unsigned));
        assert_eq!(ask(&broken, when, None, None, now), because(Skipped::NotValid));
        assert_eq!(ask(&good, when, None, None, "2031-01-01T00:00:00Z"), because(Skipped::Lapsed));
        let refused = Some("2026-11-01T00:00:00Z");
        assert_eq!(ask(&good, when, None, refused, now), because(Skipped::RefusedBefore));
        assert!(matches!(ask(&good, when, None, refused, "2027-02-01T00:00:00Z"), Standing::Due { .. }));
    }

    proptest! {
        /// Once it is due it stays so until it is done, or the end has come.
        #[test]
        fn nothing_that_is_due_is_forgotten(days in 0i64..3_000, later in 0i64..400, months in 1u32..36) {
            let (panel, now) = (panel(), at("2026-11-22T00:00:00Z") + chrono::Duration::days(days));
            let known = Known { panel: &panel, newest: None, refused_at: None };
            let ask = |now| standing(known, RenditionsWhen::ProtectionEnds, months, now);
            if let Standing::Due { ends } = ask(now) {
                let then = now + chrono::Duration::days(later);
                let expected = if ends <= then { Standing::Skipped(Skipped::Lapsed) } else { Standing::Due { ends } };
                prop_assert_eq!(ask(then), expected);
            }
        }
    }
}

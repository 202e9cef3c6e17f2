//! Document classes (書類種別): which ones a policy covers, and what the usual ones are called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::Lang;

/// Classes that ship with a name in both languages. Others may be used; they are shown as written.
pub const KNOWN_CLASSES: [(&str, &str, &str); 7] = [
    ("contract", "契約書", "contract"),
    ("order", "注文書", "order"),
    ("invoice", "請求書", "invoice"),
    ("receipt", "領収書", "receipt"),
    ("quotation", "見積書", "quotation"),
    ("delivery_note", "納品書", "delivery note"),
    ("other", "その他", "other"),
];

/// What people call a class; a class that is not known is shown as it is written.
#[must_use]
pub fn class_label(class: &str, lang: Lang) -> &str {
    let known = KNOWN_CLASSES.iter().find(|(id, _, _)| *id == class);
    known.map_or(class, |(_, ja, en)| match lang {
        Lang::Ja => ja,
        Lang::En => en,
    })
}

/// The class that people mean by a name: `contract` for 契約書. A name that is not known is a class of its own.
#[must_use]
pub fn class_named(name: &str) -> &str {
    let name = name.trim();
    let known = KNOWN_CLASSES
        .iter()
        .find(|(id, ja, en)| *ja == name || [id, en].iter().any(|text| text.eq_ignore_ascii_case(name)));
    known.map_or(name, |(id, _, _)| id)
}

/// The classes a policy covers: `"*"` for all, or a list of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(untagged, expecting = "expected \"*\" for every class, or a list such as [\"contract\", \"order\"]")]
pub enum Classes {
    /// `"*"`: every class, also those that nobody has thought of yet.
    All(Star),
    /// These classes only.
    Listed(Vec<String>),
}

/// The string `"*"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub enum Star {
    /// Every class.
    #[serde(rename = "*")]
    Star,
}

impl Classes {
    /// Whether `class` is covered.
    #[must_use]
    pub fn covers(&self, class: &str) -> bool {
        match self {
            Classes::All(Star::Star) => true,
            Classes::Listed(names) => names.iter().any(|name| name == class),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_meant_by_its_name_in_either_language() {
        assert_eq!(class_named("契約書"), "contract");
        assert_eq!(class_named(" Delivery note "), "delivery_note");
        assert_eq!(class_named("秘密保持契約"), "秘密保持契約");
    }

    #[test]
    fn a_star_covers_every_class_and_a_list_only_its_own() {
        #[derive(Deserialize)]
        struct File {
            classes: Classes,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|file| file.classes);
        assert!(read("classes = '*'").unwrap().covers("nda"));
        let listed = read("classes = ['contract', 'order']").unwrap();
        assert!(listed.covers("order") && !listed.covers("nda"));
        let problem = read("classes = 'contract'").unwrap_err().to_string();
        assert!(problem.contains("a list such as"), "{problem}");
    }

    #[test]
    fn known_classes_have_names_and_others_are_shown_as_written() {
        assert_eq!(class_label("delivery_note", Lang::Ja), "納品書");
        assert_eq!(class_label("delivery_note", Lang::En), "delivery note");
        assert_eq!(class_label("nda", Lang::Ja), "nda");
    }
}

//! Tests of folding: the table of 8.1 in the survey of Japanese company names, one line per rule.

use proptest::prelude::*;

use super::*;

fn found(query: &str, name: &str) -> bool {
    NameKeys::of(name).is_found_by(&NameKeys::of(query))
}

fn exact(query: &str, name: &str) -> bool {
    NameKeys::of(name).light == NameKeys::of(query).light
}

#[test]
fn every_way_to_write_one_company_is_found_by_every_other() {
    let ways: &[&[&str]] = &[
        &[
            "株式会社国税商事",
            "(株)国税商事",
            "（株）国税商事",
            "㈱国税商事",
            "㍿国税商事",
            "国税商事株式会社",
            "国税商事㈱",
            "国税商事 (株)",
            "国税商事",
            "株式會社國稅商事",
            "国税　商事",
            "カ)国税商事",
            "国税商事(カ",
        ],
        &["髙島屋", "高島屋", "高嶋屋", "髙嶌屋"],
        &["山﨑製作所", "山崎製作所", "山嵜製作所"],
        &["齋藤商店", "斎藤商店", "斉藤商店", "齊藤商店"],
        &["渡邊工業", "渡邉工業", "渡辺工業"],
        &["濱田", "濵田", "浜田"],
        &["𠮷野家", "吉野家"],
        &["栁澤德廣國櫻眞壽龍冨桒槗曾惠來檜", "柳沢徳広国桜真寿竜富桑橋曽恵来桧"],
        &["キヤノン", "キャノン", "ｷﾔﾉﾝ", "ｷｬﾉﾝ", "きゃのん"],
        &["三和シヤッター", "三和シャッター", "三和ｼｬｯﾀｰ", "三和シャツタ"],
        &["コンピュータ", "コンピューター", "コンピュ－タ−", "コンピュ―タ"],
        &["ＡＢＣ", "ABC", "abc", "A-B-C", "A・B・C", "A B C", "Ａ＆Ｂ＆Ｃ"],
        &[
            "Example Trading Co., Ltd.",
            "EXAMPLE TRADING",
            "Example Trading K.K.",
            "example trading Inc.",
            "Example Trading LLC",
            "Example Trading Corporation",
            "㏍Example Trading",
            "Example Trading Company Limited",
        ],
        &["一般社団法人日本協会", "日本協会", "(一社)日本協会"],
        &["医療法人社団翠会", "翠会", "(医)翠会"],
        &["葛\u{e0100}城", "葛城", "葛\u{fe00}城"],
        &["神\u{fa19}", "神神"],
        &["ガス", "ｶﾞｽ", "がす"],
    ];
    for group in ways {
        for query in *group {
            for name in *group {
                assert!(
                    found(query, name),
                    "{query} finds {name}: {:?} {:?}",
                    NameKeys::of(query),
                    NameKeys::of(name)
                );
            }
        }
    }
}

#[test]
fn different_companies_stay_different() {
    for (query, name) in [
        ("国税商事", "国税商会"),
        ("ABC", "ABD"),
        ("(合)山田", "山田"),
        ("株木", "株式会社山田"),
        ("一", "株式会社二"),
        ("高田", "鷹田"),
        ("学校", "(学)山田"),
        ("", "山田"),
        (" ", "山田"),
        ("・", "山田"),
    ] {
        assert!(!found(query, name), "{query} does not find {name}");
    }
}

#[test]
fn a_query_that_is_only_a_legal_form_finds_the_names_that_have_it() {
    for query in ["株式会社", "(株)", "㈱", "㍿"] {
        assert!(found(query, "㈱国税商事") && found(query, "国税商事株式会社"), "{query}");
        assert!(!found(query, "国税商事有限会社") && !found(query, "株木建設有限会社"), "{query}");
    }
    assert!(found("Inc", "Princeton") && found("Ltd", "Foo Ltd") && found("co", "Coffee"));
    assert!(found("株式", "株式会社国税商事"), "part of a form is found where it is written");
}

#[test]
fn exact_hits_ignore_width_case_spaces_and_legal_form_but_not_variants() {
    assert!(exact("(株)国税商事", "国税　商事株式会社"));
    assert!(exact("ＡＢＣ", "abc, Inc."));
    assert!(exact("カ)山田", "山田"));
    assert!(!exact("高島屋", "髙島屋"));
    assert!(!exact("キャノン", "キヤノン"));
    assert!(!exact("国税", "国税商事"));
}

#[test]
fn a_name_of_symbols_is_found_only_by_itself() {
    assert!(found("★", "★") && found("☆・★", "☆・★"));
    assert!(!found("★", "☆") && !found("★", "★山田"));
}

#[test]
fn the_first_latin_word_is_never_taken_for_a_legal_form() {
    assert_eq!(NameKeys::of("Limited Brands Inc").stripped, "limitedbrands");
    assert_eq!(NameKeys::of("Inc").stripped, "inc");
    assert_eq!(NameKeys::of("KK").stripped, "kk");
    assert_eq!(NameKeys::of("Incline Co.,Ltd.").stripped, "incline");
    assert_eq!(NameKeys::of("L.L.C. Foo").stripped, "llcfoo");
}

#[test]
fn numbers_keep_everything_but_width_case_spaces_and_kind_of_dash() {
    assert_eq!(fold_number("Ａ－００１ / b"), "a-001/b");
    assert_eq!(fold_number("A‐001"), fold_number("a−001"));
    assert_ne!(fold_number("A001"), fold_number("A-001"));
}

proptest! {
    #[test]
    fn whatever_can_be_seen_in_a_name_is_found(
        name in "[株式会社有限(カ)ー\\-髙島キャノンABab. 株国税商事法人社団学校医療,coltdinkc★]{1,24}",
        from in 0usize..24, length in 1usize..6,
    ) {
        let chars: Vec<char> = name.chars().collect();
        let from = from % chars.len();
        let query: String = chars[from..(from + length).min(chars.len())].iter().collect();
        let keys = NameKeys::of(&query);
        // A query of one letter that is a legal form finds the names with that form, and not every name with the letter.
        if !keys.stripped.is_empty() || keys.whole_is_telling() {
            prop_assert!(found(&query, &name), "{query:?} {name:?}");
        }
    }

    #[test]
    fn letters_that_a_space_kept_apart_are_composed(
        first in "[\u{1100}-\u{1112}a-z]", gap in "[ -]", second in "[\u{1161}-\u{1175}\u{302}\u{316}]{1,3}"
    ) {
        let key = NameKeys::of(&format!("{first}{gap}{second}")).whole;
        prop_assert_eq!(NameKeys::of(&key).whole, key);
    }

    #[test]
    fn folding_a_key_again_changes_nothing_and_any_text_is_accepted(name in "\\PC{0,40}") {
        let keys = NameKeys::of(&name);
        let again: String = NameKeys::of(&keys.whole).whole;
        prop_assert_eq!(again, keys.whole);
        fold_number(&name);
        prop_assert_eq!(fold_text(&name).count(), fold_text(&name).count());
    }
}

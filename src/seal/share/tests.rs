//! Shares: enough of them give the key, anything else is named.

use super::*;

fn kek(byte: u8) -> Kek {
    Kek::from_bytes(Zeroizing::new([byte; 32]))
}

fn text(share: &Share) -> String {
    let lines = share.lines();
    let labelled = lines.iter().zip(1..).map(|(line, number)| format!("{number}: {}\n", **line));
    format!("Shosoin\n\n{}\nKeep it apart.\n", labelled.collect::<String>())
}

fn again(share: &Share) -> Share {
    Share::parse(&text(share)).unwrap()
}

fn tampered(share: &Share) -> Share {
    let mut value = Zeroizing::new(*share.value.bytes());
    value[5] ^= 1;
    Share { kit: share.kit, number: share.number, value: Secret::take(&mut value) }
}

#[test]
fn any_three_of_five_restore_the_key_and_two_do_not() {
    let shares = split(&kek(1), 5, 3).unwrap();
    assert_eq!(shares.iter().map(|share| share.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    for a in 0..5 {
        for b in 0..a {
            let two = [again(&shares[a]), again(&shares[b])];
            assert_eq!(combine(&two).unwrap_err(), ShareError::TooFew { have: 2, need: 3, of: 5 });
            for c in 0..b {
                let three = [again(&shares[a]), again(&shares[b]), again(&shares[c])];
                let recovered = combine(&three).unwrap();
                assert_eq!(recovered.kek.secret().bytes(), &[1; 32]);
                assert!(recovered.bad.is_empty());
            }
        }
    }
}

#[test]
fn the_largest_and_the_smallest_kit_work_and_others_are_refused() {
    for (shares, threshold) in [(2, 2), (16, 2), (16, 16), (16, 8)] {
        let kit = split(&kek(7), shares, threshold).unwrap();
        assert_eq!(combine(&kit).unwrap().kek.id(), kek(7).id());
    }
    for (shares, threshold) in [(1, 1), (5, 1), (2, 3), (17, 3), (0, 0)] {
        assert_eq!(split(&kek(7), shares, threshold).unwrap_err(), ShareError::Numbers);
    }
}

#[test]
fn the_key_is_in_no_share_and_kits_of_one_key_differ() {
    let (one, two) = (split(&kek(1), 3, 2).unwrap(), split(&kek(1), 3, 2).unwrap());
    assert_ne!(one[0].kit.id, two[0].kit.id);
    assert!(!one[0].value.is(&two[0].value));
    assert!(one.iter().all(|share| share.value.bytes() != &[1; 32]));
    assert!(!format!("{:?}", one[0]).contains("value"));
}

#[test]
fn a_share_of_another_kit_or_archive_is_named() {
    let (ours, older, theirs) =
        (split(&kek(1), 5, 3).unwrap(), split(&kek(1), 5, 3).unwrap(), split(&kek(2), 5, 3).unwrap());
    for foreign in [&older[4], &theirs[4]] {
        let error = combine(&[again(&ours[0]), again(&ours[1]), again(foreign)]).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("share 5 of kit {}", foreign.kit.id)), "{said}");
        assert!(said.contains(&format!("give another share of kit {}", ours[0].kit.id)), "{said}");
    }
    assert_eq!(combine(&[]).unwrap_err(), ShareError::NoShares);
}

#[test]
fn the_same_share_twice_counts_once_and_two_versions_of_it_are_refused() {
    let shares = split(&kek(1), 5, 3).unwrap();
    let twice = [again(&shares[0]), again(&shares[0]), again(&shares[1])];
    assert_eq!(combine(&twice).unwrap_err(), ShareError::TooFew { have: 2, need: 3, of: 5 });
    let versions = [again(&shares[0]), tampered(&shares[0]), again(&shares[1])];
    assert_eq!(combine(&versions).unwrap_err(), ShareError::Contradiction { number: 1 });
}

#[test]
fn a_forged_share_is_found_out_when_there_is_one_more() {
    let shares = split(&kek(1), 6, 3).unwrap();
    let exactly = [again(&shares[0]), tampered(&shares[3]), again(&shares[4])];
    let error = combine(&exactly).unwrap_err();
    assert_eq!(error, ShareError::NotGenuine { numbers: vec![1, 4, 5], key: kek(1).id() });
    let [a, b, c] = exactly;
    let recovered = combine(&[a, b, c, again(&shares[5])]).unwrap();
    assert_eq!(recovered.kek.id(), kek(1).id());
    assert_eq!(recovered.bad, [4]);
}

#[test]
fn every_mistyped_symbol_is_located_to_its_line_and_mostly_to_its_group() {
    let share = &split(&kek(9), 5, 3).unwrap()[2];
    let lines = share.lines();
    let (mut wrong, mut located) = (0, 0);
    for (number, line) in lines.iter().enumerate() {
        for (at, typed) in line.char_indices().filter(|(_, typed)| *typed != '-') {
            let other = if typed == '7' { '8' } else { '7' };
            let mut mistyped: Vec<_> = lines.iter().map(|line| line.to_string()).collect();
            mistyped[number].replace_range(at..=at, &other.to_string());
            let mut reader = ShareReader::default();
            let error = mistyped.iter().try_for_each(|line| reader.line(line)).unwrap_err();
            assert_eq!(error.line, number + 1);
            let LineFault::Check { group } = error.fault else { panic!("{error}") };
            wrong += 1;
            located += usize::from(group == Some(at / 5 + 1));
        }
    }
    assert_eq!(wrong, 100);
    assert!(located > 90, "{located}");
}

#[test]
fn lines_in_another_order_or_of_another_share_do_not_fit() {
    let shares = split(&kek(9), 2, 2).unwrap();
    let (one, two) = (shares[0].lines(), shares[1].lines());
    let read = |lines: [&str; 5]| {
        let mut reader = ShareReader::default();
        lines.iter().try_for_each(|line| reader.line(line)).map_err(|error| error.line)
    };
    assert_eq!(read([&one[0], &one[2], &one[1], &one[3], &one[4]]), Err(2));
    assert_eq!(read([&one[0], &one[1], &one[2], &two[3], &one[4]]), Err(4));
    assert_eq!(read(std::array::from_fn(|at| one[at].as_str())), Ok(()));
}

#[test]
fn people_may_type_as_they_like() {
    let share = &split(&kek(9), 3, 2).unwrap()[1];
    let small = text(share).to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    let small = small.replace("l:", "1:");
    assert!(Share::parse(&small).unwrap().value.is(&share.value));
    let wide: String = text(share)
        .chars()
        .map(|c| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
        .collect();
    let wide = (1..=5).fold(wide, |text, n| {
        let label = char::from_u32(0xFF10 + n).unwrap();
        text.replace(&format!("\n{label}："), &format!("\n{n}："))
    });
    assert!(Share::parse(&wide).unwrap().value.is(&share.value));
    assert!(Share::parse(&format!("scanned: {}\n", *share.qr_text())).unwrap().value.is(&share.value));
}

#[test]
fn what_is_no_share_is_refused_line_by_line() {
    let share = &split(&kek(9), 3, 2).unwrap()[1];
    let whole = text(share);
    let without_third: String =
        whole.lines().filter(|line| !line.starts_with("3:")).map(|line| format!("{line}\n")).collect();
    assert_eq!(Share::parse(&without_third).unwrap_err(), LineError { line: 3, fault: LineFault::Missing });
    assert_eq!(Share::parse("").unwrap_err().line, 1);
    let short = whole.replacen("1: ", "1: 1", 1);
    assert_eq!(Share::parse(&short).unwrap_err(), LineError { line: 1, fault: LineFault::Length(21) });
    let foreign = Share::parse("1: U000-0000-0000-0000-0000").unwrap_err();
    assert_eq!(foreign.fault, LineFault::Symbol { group: 1, found: 'U' });
    assert_eq!(Share::parse(&"1: ".repeat(40_000)).unwrap_err().fault, LineFault::Missing);
    assert!(Share::parse("SHOSOIN-SHARE-1/").is_err());
}

#[test]
fn a_qr_code_holds_only_the_small_set_of_characters() {
    let share = &split(&kek(9), 3, 2).unwrap()[0];
    let text = share.qr_text();
    assert!(text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "-/".contains(c)));
    assert_eq!(text.len(), 16 + 5 * 20 + 4);
}

//! The table of permissions, row by row as people know it, and what holds for all of it.

use super::*;

fn someone(role: Role) -> Principal {
    Principal::new("somebody", [role], Scope::Everything)
}

fn limited(role: Role) -> Principal {
    Principal::new("somebody", [role], Scope::Entities(["本社".to_owned()].into()))
}

/// Each action with one letter for each role that may: clerk, manager, approver, auditor, admin, system. Written out
/// once more, so that a change of the table is a change here, too, and is read twice.
const TABLE: &[(Action, &str)] = &[
    (Action::Search, "cmvu"),
    (Action::Show, "cmvu"),
    (Action::Get, "cmvu"),
    (Action::Deposit, "cms"),
    (Action::Correct, "cm"),
    (Action::Withdraw, "m"),
    (Action::Export, "mu"),
    (Action::Link, "m"),
    (Action::RetentionPolicies, "cmvuas"),
    (Action::RetentionDue, "cmvus"),
    (Action::FiscalYears, "cmvuas"),
    (Action::RetentionChange, "m"),
    (Action::RetentionShorten, "mv"),
    (Action::HoldList, "cmvu"),
    (Action::HoldPlace, "mv"),
    (Action::HoldRelease, "mv"),
    (Action::DispositionList, "cmvu"),
    (Action::DispositionPlan, "ms"),
    (Action::DispositionApprove, "v"),
    (Action::DispositionPerform, "ms"),
    (Action::Verify, "cmvus"),
    (Action::TimestampStatus, "mvuas"),
    (Action::TimestampRun, "mas"),
    (Action::Rendition, "ms"),
    (Action::JournalList, "u"),
    (Action::JournalProof, "mvua"),
    (Action::JournalVerify, "uas"),
    (Action::JournalExport, "uas"),
    (Action::Status, "cmvuas"),
    (Action::IndexStatus, "uas"),
    (Action::IndexRebuild, "as"),
    (Action::Fsck, "uas"),
    (Action::BackupList, "uas"),
    (Action::BackupRun, "as"),
    (Action::BackupVerify, "as"),
    (Action::JobsList, "uas"),
    (Action::JobsRun, "as"),
    (Action::NoticesShow, "cmvus"),
    (Action::NoticesSend, "mas"),
    (Action::KeysStatus, "uas"),
    (Action::KeysChange, "a"),
    (Action::UserList, "ua"),
    (Action::UserChange, "a"),
    (Action::TokenChange, "a"),
];

fn letter(role: Role) -> char {
    match role {
        Role::Clerk => 'c',
        Role::Manager => 'm',
        Role::Approver => 'v',
        Role::Auditor => 'u',
        Role::Admin => 'a',
        Role::System => 's',
        Role::Owner => 'o',
    }
}

#[test]
fn every_role_may_exactly_what_the_table_says() {
    let listed: Vec<_> = TABLE.iter().map(|(action, _)| *action).collect();
    assert_eq!(listed, Action::ALL, "each action once, in the order of declaration");
    for (action, letters) in TABLE {
        for role in Role::ALL {
            let expected = role == Role::Owner || letters.contains(letter(role));
            assert_eq!(permit(&someone(role), *action).is_ok(), expected, "{role} {action:?}");
        }
    }
}

#[test]
fn an_administrator_never_sees_what_a_contract_says() {
    let content = [
        Action::Search,
        Action::Show,
        Action::Get,
        Action::Export,
        Action::Link,
        Action::Rendition,
        Action::JournalList,
        Action::RetentionDue,
        Action::NoticesShow,
    ];
    for action in content {
        assert!(permit(&someone(Role::Admin), action).is_err(), "{action:?}");
    }
}

#[test]
fn an_auditor_changes_nothing() {
    let changes = [
        Action::Deposit,
        Action::Correct,
        Action::Withdraw,
        Action::RetentionChange,
        Action::HoldPlace,
        Action::HoldRelease,
        Action::DispositionPlan,
        Action::DispositionApprove,
        Action::DispositionPerform,
        Action::UserChange,
        Action::TokenChange,
        Action::KeysChange,
        Action::IndexRebuild,
    ];
    for action in changes {
        assert!(permit(&someone(Role::Auditor), action).is_err(), "{action:?}");
    }
}

#[test]
fn nobody_but_the_owner_can_both_plan_a_destruction_and_approve_it() {
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Owner) {
        let (plans, approves) = (
            permit(&someone(role), Action::DispositionPlan).is_ok(),
            permit(&someone(role), Action::DispositionApprove).is_ok(),
        );
        assert!(!(plans && approves), "{role}");
    }
}

#[test]
fn two_roles_may_what_either_may_and_no_role_may_nothing() {
    let both = Principal::new("x", [Role::Clerk, Role::Approver], Scope::Everything);
    assert!(permit(&both, Action::Deposit).is_ok() && permit(&both, Action::DispositionApprove).is_ok());
    assert!(permit(&both, Action::UserChange).is_err());
    for &action in Action::ALL {
        assert!(permit(&Principal::anonymous(), action).is_err(), "{action:?}");
    }
}

#[test]
fn whose_scope_is_limited_has_nothing_to_do_with_the_archive_as_a_whole() {
    for &action in Action::ALL {
        for role in Role::ALL {
            let (free, bound) = (permit(&someone(role), action), permit(&limited(role), action));
            let expected = free.is_ok() && action.about() != About::Archive;
            assert_eq!(bound.is_ok(), expected, "{role} {action:?}");
        }
    }
    let refused = permit(&limited(Role::Admin), Action::Fsck).unwrap_err();
    assert_eq!(refused.why, Why::WholeArchive);
}

#[test]
fn an_entity_outside_the_scope_is_refused_by_name() {
    assert!(permit_for(&limited(Role::Clerk), Action::Deposit, "本社").is_ok());
    let refused = permit_for(&limited(Role::Clerk), Action::Deposit, "子会社").unwrap_err();
    assert_eq!(refused.why, Why::Entity("子会社".into()));
    assert!(permit_for(&limited(Role::Auditor), Action::Deposit, "本社").is_err());
}

#[test]
fn nobody_is_the_second_person_after_themselves() {
    let owner = Principal::built_in("admin");
    assert!(permit_second(&owner, Action::DispositionApprove, "mori").is_ok());
    for first in ["admin", "os:root"] {
        let refused = permit_second(&owner, Action::DispositionApprove, first).unwrap_err();
        assert_eq!(refused.why, Why::SamePerson(first.into()));
    }
    let approver = someone(Role::Approver);
    assert!(permit_second(&approver, Action::DispositionApprove, "somebody").is_err());
    assert!(permit_second(&approver, Action::DispositionApprove, "system").is_ok());
}

#[test]
fn a_refusal_says_who_what_and_which_role_it_takes() {
    let refused = permit(&someone(Role::Clerk), Action::Export).unwrap_err().to_string();
    assert_eq!(refused, "somebody (clerk) may not export records: that takes the role manager or auditor");
    for &action in Action::ALL {
        if let Err(refusal) = permit(&Principal::anonymous(), action) {
            assert!(!refusal.to_string().ends_with("role "), "{action:?} has no role to be given");
        }
    }
}

//! Which action each address stands for. The permission is asked for here, before a handler sees the request, and once
//! more by the verb of the engine, which also knows whose record it is.
//!
//! An address that is missing here is open to nobody but the owner, so that a new one cannot be forgotten
//! (`tests/people.rs` walks through all of them).

use axum::http::Method;

use crate::archive::{Action, Principal, Refusal, Role, permit};

/// What an address asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The permission for an action.
    Needs(Action),
    /// Only that the archive knows them.
    AnybodyKnown,
    /// An address that nobody has given an action to.
    OwnerOnly,
}

/// The door of an address, as the router writes it (`/api/v1/records/{id}`).
pub fn door(method: &Method, path: &str) -> Door {
    let reads = method == Method::GET || method == Method::HEAD;
    let action = match path.strip_prefix("/api/v1") {
        Some(path) => api(reads, path),
        None => page(reads, path),
    };
    match (action, path) {
        (Some(action), _) => Door::Needs(action),
        (None, "/sign-out" | "/api/v1/me" | "/api/v1/tokens" | "/api/v1/tokens/{id}/revocation") => {
            Door::AnybodyKnown
        }
        (None, _) => Door::OwnerOnly,
    }
}

fn api(reads: bool, path: &str) -> Option<Action> {
    Some(match (reads, path) {
        (true, "/status") => Action::Status,
        (true, "/records") => Action::Search,
        (false, "/records" | "/suggestions") => Action::Deposit,
        (true, "/records.csv") | (false, "/exports") => Action::Export,
        (true, "/records/{id}" | "/records/{id}/retention" | "/records/{id}/journal") => Action::Show,
        (true, "/records/{id}/original") => Action::Get,
        (false, "/records/{id}/corrections") => Action::Correct,
        (false, "/records/{id}/withdrawal" | "/records/{id}/reinstatement") => Action::Withdraw,
        // Any file, of the archive or not, under the roots that the archive trusts.
        (false, "/inspections" | "/verifications") => Action::Verify,
        (true, "/journal") => Action::JournalList,
        (true, "/journal/checkpoint") => Action::Status,
        (true, "/journal/extract") => Action::JournalExport,
        (true, "/journal/{seq}/proof") => Action::JournalProof,
        (false, "/journal/verification") => Action::JournalVerify,
        (true, "/index") => Action::IndexStatus,
        (false, "/index/rebuild") => Action::IndexRebuild,
        (false, "/fsck") => Action::Fsck,
        (false, "/timestamps/attestations" | "/timestamps/renewals") => Action::TimestampRun,
        (true, "/timestamps") => Action::TimestampStatus,
        (true, "/records/{id}/evidence") => Action::Export,
        (false, "/records/{id}/renditions" | "/renditions") => Action::Rendition,
        (true, "/records/{id}/renditions") => Action::Show,
        (true, "/records/{id}/renditions/{number}") => Action::Get,
        (true, "/notices") => Action::NoticesShow,
        (false, "/notices/deliveries") => Action::NoticesSend,
        (true, "/retention/policies" | "/retention/reevaluation") => Action::RetentionPolicies,
        (true, "/retention/due") => Action::RetentionDue,
        (true, "/retention/fiscal-years") => Action::FiscalYears,
        (false, "/retention/fiscal-years" | "/retention/losses" | "/retention/reevaluation") => {
            Action::RetentionChange
        }
        (false, "/retention/fiscal-years/approval") => Action::RetentionShorten,
        (_, "/retention/shortenings" | "/retention/shortenings/{number}/approval") => {
            Action::RetentionShorten
        }
        (true, "/holds") => Action::HoldList,
        (false, "/holds") => Action::HoldPlace,
        (false, "/holds/releases") => Action::HoldRelease,
        (true, "/records/{id}/certificate" | "/records/{id}/certificate.pdf") => Action::Show,
        (true, "/dispositions") => Action::DispositionList,
        (false, "/dispositions") => Action::DispositionPlan,
        (false, "/dispositions/{plan}/approval") => Action::DispositionApprove,
        (false, "/dispositions/{plan}/package" | "/dispositions/{plan}/confirmation") => {
            Action::DispositionPerform
        }
        (false, "/dispositions/{plan}/performance") => Action::DispositionPerform,
        (true, "/jobs" | "/jobs/history") => Action::JobsList,
        (false, "/jobs/{name}/runs" | "/jobs/{name}/pause") => Action::JobsRun,
        (true, "/backups" | "/backups/shipping" | "/fixity") => Action::BackupList,
        (false, "/backups" | "/backups/repair") => Action::BackupRun,
        (false, "/backups/verify" | "/backups/drill" | "/fixity") => Action::BackupVerify,
        (true, "/key") => Action::KeysStatus,
        (false, "/key/rotation" | "/key/kit" | "/key/protection") => Action::KeysChange,
        (true, "/users") => Action::UserList,
        (false, "/users" | "/users/{name}/changes") => Action::UserChange,
        (false, "/users/{name}/tokens") => Action::TokenChange,
        _ => return None,
    })
}

fn page(reads: bool, path: &str) -> Option<Action> {
    Some(match (reads, path) {
        (true, "/") => Action::Search,
        (true, "/records/{id}") => Action::Show,
        (false, "/records/{id}/corrections") => Action::Correct,
        (false, "/records/{id}/withdrawal" | "/records/{id}/reinstatement") => Action::Withdraw,
        (_, "/deposit") => Action::Deposit,
        (true, "/timestamps") => Action::TimestampStatus,
        (true, "/jobs") => Action::JobsList,
        (true, "/backups") => Action::BackupList,
        (true, "/holds") => Action::HoldList,
        (false, "/holds") => Action::HoldPlace,
        (false, "/holds/releases") => Action::HoldRelease,
        (true, "/dispositions" | "/dispositions/{plan}") => Action::DispositionList,
        (false, "/dispositions") => Action::DispositionPlan,
        (false, "/dispositions/{plan}/approval") => Action::DispositionApprove,
        (false, "/dispositions/{plan}/performance") => Action::DispositionPerform,
        (true, "/users") => Action::UserList,
        (false, "/users" | "/users/{name}/changes") => Action::UserChange,
        (false, "/users/{name}/tokens" | "/tokens/{id}/revocation") => Action::TokenChange,
        _ => return None,
    })
}

/// Lets somebody through, or says why not.
///
/// # Errors
/// The refusal; `None` at an address that has no action.
pub fn enter(who: &Principal, method: &Method, path: &str) -> Result<(), Option<Refusal>> {
    match door(method, path) {
        Door::Needs(action) => permit(who, action).map_err(Some),
        Door::AnybodyKnown => Ok(()),
        Door::OwnerOnly if who.has(Role::Owner) => Ok(()),
        Door::OwnerOnly => Err(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Scope;

    #[test]
    fn an_address_without_an_action_is_open_to_the_owner_alone() {
        let clerk = Principal::new("x", [Role::Clerk], Scope::Everything);
        for path in ["/api/v1/new-thing", "/new-page", "/api/v1"] {
            assert_eq!(door(&Method::GET, path), Door::OwnerOnly);
            assert_eq!(enter(&clerk, &Method::GET, path), Err(None));
            assert_eq!(enter(&Principal::built_in("admin"), &Method::GET, path), Ok(()));
        }
    }

    #[test]
    fn reading_and_changing_one_address_are_two_doors() {
        assert_eq!(door(&Method::GET, "/api/v1/records"), Door::Needs(Action::Search));
        assert_eq!(door(&Method::HEAD, "/api/v1/records"), Door::Needs(Action::Search));
        assert_eq!(door(&Method::POST, "/api/v1/records"), Door::Needs(Action::Deposit));
    }
}

//! What the acts of the journal are called.

use super::text::Text;
use crate::journal::Act;

/// An act in the reader's language.
pub fn label(act: Act, t: &'static Text) -> &'static str {
    match act {
        Act::Init => t.act_init,
        Act::Deposit => t.act_deposit,
        Act::Duplicate => t.act_duplicate,
        Act::View => t.act_view,
        Act::Download => t.act_download,
        Act::Search => t.act_search,
        Act::Correct => t.act_correct,
        Act::Withdraw => t.act_withdraw,
        Act::Reinstate => t.act_reinstate,
        Act::Export => t.act_export,
        Act::Import => t.act_import,
        Act::Job => t.act_job,
        Act::SignIn => t.act_sign_in,
        Act::SignInFailed => t.act_sign_in_failed,
        Act::Verify => t.act_verify,
        Act::Config => t.act_config,
        Act::IndexRebuild => t.act_index_rebuild,
        Act::Backup => t.act_backup,
        Act::Restore => t.act_restore,
        Act::HoldPlace => t.act_hold_place,
        Act::HoldRelease => t.act_hold_release,
        Act::DispositionPlan => t.act_disposition_plan,
        Act::DispositionApprove => t.act_disposition_approve,
        Act::DispositionTransfer => t.act_disposition_transfer,
        Act::Dispose => t.act_dispose,
        Act::DispositionComplete => t.act_disposition_complete,
        Act::Timestamp => t.act_timestamp,
    }
}

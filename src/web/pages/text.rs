//! The words of the pages: one catalogue per language, the same entries in both.

mod en;
mod ja;

use crate::retention::Lang;

/// Declares the catalogue. A struct, so that an entry missing in one language does not compile.
macro_rules! catalogue {
    ($($name:ident)*) => {
        /// Every text that the pages say by themselves, in one language.
        pub struct Text { $(pub $name: &'static str,)* }

        #[cfg(test)]
        impl Text {
            fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

catalogue! {
    // every page
    product skip nav_search nav_deposit sign_out other_language recorded tagline

    // metadata
    entity date signed_on effective_from ends_on notice_period notice_period_hint renews_every renews_every_hint field_span_wrong received_on counterparty corporate_number invoice_number amount
    no_amount no_amount_shown currency tax tax_included tax_excluded tax_none tax_unknown class title number file_name
    retain_until no_end required

    // search
    search_title search_heading newest_heading results_heading from to date_help amount_help party_help text text_help class_any more_conditions
    withdrawn withdrawn_exclude withdrawn_include withdrawn_only old_versions sort sort_date_desc sort_date_asc
    sort_amount_desc sort_amount_asc sort_party sort_deposited_desc sort_deposited_asc limit search_button clear
    hits_before hits_after index_book nothing_found blank_too blank_left_out next_page first_page badge_withdrawn
    badge_old_version conditions printed_at amount_contradiction yes

    // record
    document download open_alone preview_damaged preview_encrypted preview_not_pdf preview_empty preview_large details
    retention retention_until reasons fixity sha256 size bytes pages record_id journal_seq signatures unsigned
    cannot_tell signature timestamp sig_signer sig_issuer sig_timestamp sig_untrusted sig_claimed_time sig_authority sig_accredited
    sig_reason sig_location sig_intact sig_intact_yes sig_intact_no sig_chain chain_trusted chain_untrusted chain_expired
    chain_revoked chain_unknown sig_ltv sig_ltv_yes sig_ltv_no sig_scope scope_whole scope_part scope_unsound
    sig_protected_until sig_format sig_later sig_revision sig_details judged_at verdict_passed verdict_indeterminate
    verdict_failed list_comma warnings history version_number at by reason changes first_version
    change_withdrawn change_reinstated was_empty trail trail_act trail_more back_to_search

    // changes
    correct correct_help correct_button withdraw withdraw_help withdraw_button reinstate reinstate_help reinstate_button
    reason_help reason_missing nothing_changed changed_meanwhile done_corrected done_withdrawn done_reinstated
    please_check refused

    // deposit
    deposit_title deposit_heading deposit_help file file_help file_missing deposit_button suggested receipt_title receipt_new
    receipt_duplicate receipt_open receipt_another

    // jobs
    nav_jobs jobs_heading jobs_help job_name job_schedule job_next job_last job_history job_took
    job_never job_paused job_off job_running job_done job_problems job_failed job_interrupted seconds ship_lag ship_failing

    // backups and keys
    nav_backups backups_heading backups_help backups_none backups_checks backup_daily backup_monthly backup_yearly
    backup_generation backup_records backup_more backup_protected key_heading key_number key_since key_protection key_passphrase
    key_file_only key_kit kit_made kit_declined kit_stale kit_missing key_rotation rotation_never rotation_unfinished
    key_former key_until

    // timestamps
    nav_stamps stamps_heading stamps_help stamps_now stamps_protected stamps_waiting stamps_due stamps_lapsed stamps_tokens
    stamps_proven stamps_years stamps_years_help stamps_none stamps_days stamps_no_days stamps_last_day stamps_records
    stamps_over stamps_later stamps_result stamps_requests stamps_clock stamps_clock_ahead stamps_missed stamp_window_seven stamp_window_cycle
    stamps_renewals stamps_renewals_help stamps_ends stamps_opens stamps_planned stamp_granted stamp_refused stamp_unanswered

    // holds
    nav_holds holds_heading holds_help holds_none hold_name hold_custodian hold_records hold_by_conditions hold_placed
    hold_state hold_active hold_released hold_release hold_place hold_ids hold_ids_help hold_conditions_help
    second_person

    // dispositions
    nav_dispositions dispositions_heading dispositions_help plans_none plan_day plan_state plan_author plan_action
    plan_destroy plan_transfer plan_planned plan_approved plan_packaged plan_confirmed plan_performed plan_make
    plan_make_help plan_transfer_to plan_transfer_help plan_heading plan_facts plan_items plan_why plan_kept
    plan_trusted plan_count plan_approve plan_approve_help plan_perform plan_perform_help plan_perform_sure plan_waits
    certificate

    // people
    nav_people people_heading people_help users user_name roles entities entities_help all_entities user_state
    user_enabled user_disabled user_enable user_disable user_add tokens token_label token_created token_expires
    token_make token_made token_revoke token_revoked role_clerk role_manager role_approver role_auditor role_admin
    role_owner role_system

    // sign-in
    sign_in_title sign_in_heading sign_in_help token sign_in_button token_wrong wait

    // errors
    error_invalid error_not_found error_forbidden error_conflict error_too_large error_disk_full error_unavailable
    error_method error_internal error_advice error_detail

    // fields
    field_date_missing field_party_missing field_amount_missing warning_check_digit warning_other_number

    // acts of the journal
    act_init act_deposit act_duplicate act_view act_download act_search act_correct act_withdraw act_reinstate
    act_export act_import act_job act_sign_in act_sign_in_failed act_verify act_config act_index_rebuild
    act_backup act_restore
    act_hold_place act_hold_release act_disposition_plan act_disposition_approve act_disposition_transfer act_dispose act_disposition_complete
    act_timestamp
}

/// The catalogue of a language.
pub fn text(lang: Lang) -> &'static Text {
    match lang {
        Lang::Ja => &ja::TEXT,
        Lang::En => &en::TEXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_japanese(text: &str) -> bool {
        text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
    }

    #[test]
    fn both_catalogues_say_everything_in_their_own_language() {
        // Names, signs, and the link that leads to the other language.
        let same_in_both = ["sha256", "other_language", "product", "list_comma"];
        for ((name, ja), (_, en)) in text(Lang::Ja).entries().into_iter().zip(text(Lang::En).entries()) {
            assert!(!ja.trim().is_empty() && !en.trim().is_empty(), "{name} is empty");
            if !same_in_both.contains(&name) {
                assert!(is_japanese(ja), "{name} is not Japanese: {ja}");
                assert!(!is_japanese(en), "{name} is not English: {en}");
            }
        }
    }
}

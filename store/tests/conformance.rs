//! What the store promises, on both engines: every case runs on SQLite, and on PostgreSQL when
//! `VIRALCORE_TEST_POSTGRES_URL` names a database. There each case has a schema of its own, dropped afterwards.

#[path = "conformance/scene.rs"]
#[macro_use]
mod scene;

#[path = "conformance/attempts.rs"]
mod attempts;
#[path = "conformance/audit.rs"]
mod audit;
#[path = "conformance/boosts.rs"]
mod boosts;
#[path = "conformance/boosts_listing.rs"]
mod boosts_listing;
#[path = "conformance/breakers.rs"]
mod breakers;
#[path = "conformance/cases.rs"]
mod cases;
#[path = "conformance/catalogue.rs"]
mod catalogue;
#[path = "conformance/check.rs"]
mod check;
#[path = "conformance/commits.rs"]
mod commits;
#[path = "conformance/engines.rs"]
mod engines;
#[path = "conformance/events.rs"]
mod events;
#[path = "conformance/holds.rs"]
mod holds;
#[path = "conformance/inbox.rs"]
mod inbox;
#[path = "conformance/invoices.rs"]
mod invoices;
#[path = "conformance/ipstock.rs"]
mod ipstock;
#[path = "conformance/jobs.rs"]
mod jobs;
#[path = "conformance/ledger.rs"]
mod ledger;
#[path = "conformance/listing.rs"]
mod listing;
#[path = "conformance/model.rs"]
mod model;
#[path = "conformance/operators.rs"]
mod operators;
#[path = "conformance/outbox.rs"]
mod outbox;
#[path = "conformance/placements.rs"]
mod placements;
#[path = "conformance/providers.rs"]
mod providers;
#[path = "conformance/rail.rs"]
mod rail;
#[path = "conformance/rates.rs"]
mod rates;
#[path = "conformance/selling.rs"]
mod selling;
#[path = "conformance/signatures.rs"]
mod signatures;
#[path = "conformance/users.rs"]
mod users;
#[path = "conformance/vps.rs"]
mod vps;
#[path = "conformance/vps_listing.rs"]
mod vps_listing;
#[path = "conformance/withdrawals.rs"]
mod withdrawals;

macro_rules! suite {
    ($($module:ident { $($case:ident)+ })+) => {
        mod sqlite {
            $(mod $module {
                $(#[test]
                fn $case() {
                    crate::engines::on_sqlite(|store| Box::pin(async move { crate::$module::$case(&store).await }));
                })+
            })+
        }
        mod postgres {
            $(mod $module {
                $(#[test]
                fn $case() {
                    let name = concat!(stringify!($module), "_", stringify!($case));
                    crate::engines::on_postgres(name, |store| {
                        Box::pin(async move { crate::$module::$case(&store).await })
                    });
                })+
            })+
        }
    };
}

suite! {
    ledger {
        a_replay_answers_the_first_journal
        a_key_used_for_another_body_is_refused
        two_taps_in_one_batch_are_one_command
        an_overdraw_is_refused_and_changes_nothing
        a_batch_is_decided_in_order
        a_journal_is_reversed_once
        two_reversals_in_one_batch_are_one
        a_reversal_is_not_reversed
        a_missing_journal_cannot_be_reversed_and_its_neighbours_are_posted
        concurrent_posters_lose_nothing
        concurrent_closures_cannot_both_spend
        the_same_key_from_many_at_once_is_posted_once
        a_key_that_another_transaction_is_posting_is_a_replay
        the_floor_holds_when_the_code_is_bypassed
        an_entry_counts_once
        history_is_never_rewritten
        thousands_of_accounts_in_one_batch
        a_journal_may_touch_an_account_twice
        names_with_quotes_are_kept
        the_books_can_be_read
    }
    holds {
        an_object_has_one_open_hold
        a_hold_is_closed_once
        a_number_is_used_once
    }
    withdrawals {
        a_row_reads_back_as_it_was_written
        a_key_belongs_to_one_withdrawal
        a_stale_version_changes_nothing
        nothing_is_sent_with_fewer_names_than_needed
        the_open_flag_follows_the_state
        frozen_names_the_state_it_left
        counts_and_sums_are_right
    }
    listing {
        windows_agree_with_a_plain_sort
    }
    attempts {
        one_attempt_is_live
        a_reference_is_used_once
        sending_is_allowed_from_known_states_only
        a_stale_fence_says_nothing
        empties_are_counted_when_they_are_apart
        evidence_is_appended_and_never_changed
    }
    signatures {
        a_name_signs_once
        signatures_under_another_digest_do_not_count
        stale_signatures_free_their_names
    }
    cases {
        one_case_is_open_on_a_subject
        a_case_moves_on_from_the_version_that_was_read
        open_cases_are_listed_first
    }
    jobs {
        claims_follow_lane_and_due_time
        a_key_adds_one_job
        a_lost_lease_is_taken_back_until_the_crash_limit
        a_stale_fence_changes_nothing
        waiting_is_not_a_try
        due_moves_a_job_forward_only
        due_while_it_runs_makes_it_run_again
        eight_claimers_never_share_a_job
        an_operator_rules_on_the_dead
        finished_jobs_are_pruned
    }
    events {
        events_are_in_order_and_unique
        counts_by_type_and_minute
    }
    audit {
        the_chain_holds_under_concurrent_writers
        an_edit_is_found
        a_missing_row_is_found
        refused_actions_are_in_the_chain
        the_list_finds_words_across_pages
    }
    inbox {
        a_repeated_update_is_ignored
        a_poisoned_update_is_parked
        updates_are_done_in_batches
        conversations_and_keyboards_are_kept
        handled_updates_are_pruned
    }
    outbox {
        urgent_messages_go_first
        a_key_makes_one_message
        a_message_is_sent_once
        keyed_messages_outlive_pruning
    }
    providers {
        a_row_reads_back_as_it_was_written
        a_stale_version_changes_nothing
        one_provider_is_the_first_choice
        a_rest_is_not_weakened_by_another
        a_used_provider_is_not_deleted
        figures_are_counted_by_what_is_alike
    }
    breakers {
        a_breaker_without_a_row_is_closed
        a_change_of_what_was_not_read_is_refused
        one_of_many_gets_the_probe
        failures_of_many_are_all_counted
        the_history_is_newest_first
    }
    boosts {
        an_order_reads_back_as_it_was_written
        a_key_belongs_to_one_order
        a_stale_version_changes_nothing
        the_open_flag_follows_the_state
        a_part_reads_back_and_moves_from_the_state_that_was_read
        an_order_of_a_panel_is_one_part
        the_schema_refuses_what_a_part_cannot_be
        a_user_links_ten_names_a_platform
    }
    boosts_listing {
        windows_agree_with_a_plain_sort
        what_stands_open_is_counted
        orders_for_one_link_are_found_together
    }
    placements {
        a_part_has_one_live_attempt
        a_stale_fence_says_nothing
        who_was_asked_before_and_after_a_lost_answer
        parts_and_refills_are_asked_after_when_they_are_due
    }
    rail {
        the_rail_tells_what_changed
        switches_are_thrown_and_seen
        settings_are_kept
        webhooks_are_kept_once
    }
    operators {
        screen_state_and_presence_are_kept
        each_owner_of_the_lease_has_an_epoch
    }
    rates {
        the_newest_rate_of_a_source_is_found
        the_list_of_banks_is_replaced
    }
    users {
        a_referrer_is_kept_once_and_only_if_it_may_be
        names_are_refreshed
        payees_and_their_facts
        marks_on_a_user
    }
    catalogue {
        a_catalogue_is_written_as_a_set_and_reads_back
        what_somebody_else_changed_is_left_alone
        offers_are_found_by_words
        mappings_know_what_they_name
        a_refused_mapping_rests_until_a_sync_still_has_it
        a_provider_has_one_running_sync
        a_provider_takes_its_catalogue_with_it_but_not_its_mappings
    }
    ipstock {
        a_row_reads_back_as_it_was_written
        a_sync_leaves_what_operators_own
        what_vanished_is_none_and_comes_back
        what_cannot_be_bought_is_not_available
        one_run_is_running
        only_the_newest_bodies_are_kept
        windows_agree_with_a_plain_sort
        low_stock_is_told_once
        ten_thousand_items_are_few_statements
    }
    vps {
        an_order_reads_back_as_it_was_written
        a_key_belongs_to_one_order
        a_stale_version_changes_nothing
        a_delivered_order_names_its_machine
        an_order_has_one_live_buy
        a_lease_is_one_orders_until_it_is_over
        an_address_has_one_living_machine
        a_machine_has_one_open_action
        a_renewal_is_sent_once
        lists_and_windows
    }
    vps_listing {
        windows_agree_with_a_plain_sort
        machines_agree_with_a_plain_sort
        what_waits_for_a_person_is_told_oldest_first
    }
    selling {
        a_seed_leaves_what_operators_changed
        the_schema_refuses_what_cannot_be_sold
        the_newest_contact_is_kept
        an_invoice_has_one_order_for_people
        overdue_orders_are_told_once
        an_invoice_earns_one_commission
        a_users_plans_have_names_of_their_own
        endpoints_are_remembered
    }
    invoices {
        an_invoice_reads_back_as_it_was_written
        an_account_at_the_bank_is_kept
        key_number_and_reference_belong_to_one_invoice
        an_exact_amount_is_one_invoices_while_it_is_reserved
        one_of_many_gets_an_amount
        the_open_flag_follows_the_state
        a_stale_version_changes_nothing
        a_transfer_reads_back_as_it_was_written
        a_transaction_is_one_transfer
        every_claimant_stays_visible
        windows_agree_with_a_plain_sort
    }
    check {
        a_healthy_store_has_nothing_broken
        every_invariant_can_go_red
    }
    commits {
        a_member_that_errs_leaves_nothing
        an_answer_comes_after_the_commit
        a_dropped_closure_leaves_nothing_and_wedges_nobody
        a_dropped_waiter_leaves_nothing_and_wedges_nobody
        dropped_anywhere_it_is_whole_or_absent
        a_swallowed_error_is_never_reported_as_a_commit
        a_transaction_inside_a_transaction_is_refused
        a_snapshot_does_not_move
        readers_cannot_write_past_a_snapshot
        commits_of_another_handle_are_noticed
        two_handles_write_at_once
        a_conflict_is_run_again
    }
    model {
        the_ledger_agrees_with_a_plain_model
    }
}

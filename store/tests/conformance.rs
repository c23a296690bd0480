//! What the store promises, on both engines: every case runs on SQLite, and on PostgreSQL when
//! `VIRALCORE_TEST_POSTGRES_URL` names a database. There each case has a schema of its own, dropped afterwards.

#[path = "conformance/scene.rs"]
#[macro_use]
mod scene;

#[path = "conformance/attempts.rs"]
mod attempts;
#[path = "conformance/audit.rs"]
mod audit;
#[path = "conformance/cases.rs"]
mod cases;
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
#[path = "conformance/rail.rs"]
mod rail;
#[path = "conformance/rates.rs"]
mod rates;
#[path = "conformance/signatures.rs"]
mod signatures;
#[path = "conformance/users.rs"]
mod users;
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

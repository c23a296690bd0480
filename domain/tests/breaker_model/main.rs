//! The breaker against plain rules: random scripts of two processes that share its row by compare-and-swap, with
//! clocks that differ and go back, calls that hang, restarts and operators.

mod plain;
mod world;

use domain::breaker::{Force, Verdict};
use proptest::prelude::*;
use world::{Act, Op, World};

/// What a provider answers: `bad` in a hundred fail.
fn verdict(bad: u8) -> impl Strategy<Value = Verdict> {
    (0..100_u8, 0..40_u8).prop_map(move |(roll, rare)| match rare {
        0 => Verdict::Auth,
        1..4 => Verdict::Neutral,
        _ if roll < bad => Verdict::Failure,
        _ => Verdict::Success,
    })
}

fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 0..2_000_i64, 3 => 2_000..15_000_i64, 3 => 40_000..80_000_i64, 1 => 100_000..1_200_000_i64]
}

fn op(bad: u8) -> impl Strategy<Value = Op> {
    let force = (any::<bool>(), 1..200_i64)
        .prop_map(|(open, secs)| Act::Force(if open { Force::Open } else { Force::Closed }, secs));
    let operator = prop_oneof![
        force,
        Just(Act::Unforce),
        Just(Act::Unforce),
        Just(Act::AllowProbe),
        Just(Act::Reset),
        Just(Act::Restart)
    ];
    let act = prop_oneof![
        12 => Just(Act::Ask),
        12 => (any::<usize>(), verdict(bad)).prop_map(|(which, verdict)| Act::Answer(which, verdict)),
        1 => operator,
    ];
    prop_oneof![
        14 => (0..2_usize, act).prop_map(|(process, act)| Op::Begin(process, act)),
        6 => (0..2_usize).prop_map(Op::Finish),
        1 => (0..2_usize, any::<usize>()).prop_map(|(process, which)| Op::Hang(process, which)),
        5 => pause().prop_map(Op::Advance),
        1 => prop_oneof![0..5_i64, 5..100_i64, 100..10_000_i64].prop_map(Op::Back),
    ]
}

fn script() -> impl Strategy<Value = (i64, u64, Vec<Op>)> {
    // A provider has its days: it works, fails, works again.
    let day = || prop_oneof![2 => Just(0_u8), 1 => Just(20), 1 => Just(50), 2 => Just(100)];
    let phase = move || day().prop_flat_map(|bad| prop::collection::vec(op(bad), 1..100));
    let ops = (phase(), phase(), phase()).prop_map(|(first, second, third)| [first, second, third].concat());
    (-700_000..700_000_i64, any::<u64>(), ops)
}

proptest! {
    #[test]
    fn it_does_what_the_plain_rules_say((skew, seed, ops) in script()) {
        let mut world = World::new(skew, seed);
        for (step, op) in ops.into_iter().enumerate() {
            world.run(op).map_err(|broken| TestCaseError::fail(format!("step {step}, {op:?}: {broken}")))?;
        }
        world.hold_not_wedged().map_err(TestCaseError::fail)?;
    }

    /// Nothing but the provider's death happens: before each opening it has failed exactly as often as is configured,
    /// what else it saw was in flight then, and after it there is one probe at a time.
    #[test]
    fn a_dead_provider_sees_the_configured_failures(skew in -700_000..700_000_i64, seed: u64,
        steps in prop::collection::vec((0..2_usize, 0..5_u8, any::<usize>(), 0..4_000_i64), 1..300)) {
        let mut world = World::new(skew, seed);
        for (process, kind, which, ms) in steps {
            let op = match kind {
                0 | 1 => Op::Begin(process, Act::Ask),
                2 => Op::Begin(process, Act::Answer(which, Verdict::Failure)),
                3 => Op::Finish(process),
                _ => Op::Advance(ms),
            };
            world.run(op).map_err(TestCaseError::fail)?;
        }
        let opened = world.period as usize;
        prop_assert!(opened <= 1, "nothing succeeds, so nothing closes it");
        for (number, period) in world.periods.iter().enumerate() {
            prop_assert!(period.failures_recorded <= world.settings.consecutive, "{period:?}");
            prop_assert_eq!(number < opened, period.failures_recorded == world.settings.consecutive);
        }
    }
}

#[test]
fn the_scripts_reach_what_they_are_for() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = [0_u32; 5];
    let mut longest = 0;
    for _ in 0..200 {
        let (skew, seed, ops) = script().new_tree(&mut runner).unwrap().current();
        let mut world = World::new(skew, seed);
        for op in ops {
            world.run(op).unwrap();
        }
        let here = &world.seen;
        let counts = [here.opened, here.reopened, here.closed_by_probes, here.probes, here.conflicts];
        seen.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        longest = longest.max(here.longest);
    }
    println!("opened, reopened, closed, probes, conflicts: {seen:?}; longest row {longest} bytes");
    assert!(seen.iter().all(|count| *count >= 20), "{seen:?}");
}

#[test]
fn without_compare_and_swap_two_probes_are_out_at_once() {
    let script = |careless: bool| {
        let mut world = World::new(0, 7);
        world.careless = careless;
        for _ in 0..5 {
            world.run(Op::Begin(0, Act::Ask))?;
            world.run(Op::Begin(0, Act::Answer(0, Verdict::Failure)))?;
        }
        world.run(Op::Finish(0))?;
        world.run(Op::Advance(80_000))?;
        world.run(Op::Begin(0, Act::Ask))?;
        world.run(Op::Begin(1, Act::Ask))?;
        world.run(Op::Finish(0))?;
        world.run(Op::Finish(1))
    };
    assert_eq!(script(false), Ok(()));
    assert!(script(true).unwrap_err().contains("beside"));
}

//! Several endpoints' findings made one. Pure.
//!
//! Promises: with more than one witness nothing is confirmed, and nothing refused for good, unless so many hosts say the
//! same of units, positions and block; a contradiction goes to a person; one that is merely behind makes it wait.

use domain::chain::Chain;

use super::finding::{Deposit, Finding};

/// The findings so far, by host.
pub(super) struct Answers {
    wanted: usize,
    given: Vec<(String, Finding)>,
    failed: Vec<String>,
}

/// Whether another endpoint is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    More,
    Enough,
}

impl Answers {
    pub(super) fn new(wanted: usize) -> Self {
        Self { wanted, given: Vec::new(), failed: Vec::new() }
    }

    pub(super) fn has(&self, host: &str) -> bool {
        self.given.iter().any(|(known, _)| known == host)
    }

    pub(super) fn add(&mut self, host: &str, finding: Finding) {
        self.given.push((host.to_owned(), finding));
    }

    pub(super) fn failed(&mut self, why: String) {
        self.failed.push(why);
    }

    fn settled(&self) -> impl Iterator<Item = &(String, Finding)> {
        self.given.iter().filter(|(_, finding)| !finding.is_open())
    }

    /// Open findings alone are enough as they are. Where some are settled and some are not, another endpoint may settle
    /// it; a contradiction needs no more.
    pub(super) fn next(&self) -> Next {
        let settled = self.settled().count();
        let answered = self.given.len() >= self.wanted;
        if settled >= self.wanted || (answered && settled == 0) || self.contradiction().is_some() {
            Next::Enough
        } else {
            Next::More
        }
    }

    fn contradiction(&self) -> Option<String> {
        let mut settled = self.settled();
        let first = settled.next()?;
        let other = settled.find(|other| !same(&first.1, &other.1))?;
        Some(format!("{}; {}", said(first), said(other)))
    }

    /// What all of them together say.
    pub(super) fn conclude(self, chain: Chain) -> Finding {
        if let Some(why) = self.contradiction() {
            return Finding::Disagree { why };
        }
        let settled = self.settled().count();
        if settled >= self.wanted {
            return self.agreed();
        }
        if self.given.len() < self.wanted {
            let (had, wanted) = (self.given.len(), self.wanted);
            let tried = self.failed.join("; ");
            return Finding::Unreachable { why: format!("{had} of {wanted} sources of {chain} answered: {tried}") };
        }
        if settled > 0 {
            let wanted = self.wanted;
            return Finding::Pending { why: format!("{settled} of {wanted} sources have it, the others are behind") };
        }
        let open = self.given.into_iter().map(|(_, finding)| finding);
        open.reduce(|best, other| if matches!(best, Finding::NotFound) { other } else { best })
            .unwrap_or(Finding::NotFound)
    }

    fn agreed(self) -> Finding {
        let settled: Vec<_> = self.given.into_iter().filter(|(_, finding)| !finding.is_open()).collect();
        let hosts: Vec<String> = settled.iter().map(|(host, _)| host.clone()).collect();
        match settled.into_iter().next() {
            Some((_, Finding::Confirmed(deposit))) => Finding::Confirmed(Deposit { sources: hosts, ..deposit }),
            Some((_, finding)) => finding,
            None => Finding::NotFound,
        }
    }
}

/// Whether two settled findings say the same about the money.
fn same(left: &Finding, right: &Finding) -> bool {
    match (left, right) {
        (Finding::Confirmed(left), Finding::Confirmed(right)) => {
            (left.units, &left.positions, &left.block) == (right.units, &right.positions, &right.block)
        }
        (left, right) => left.word() == right.word(),
    }
}

fn said((host, finding): &(String, Finding)) -> String {
    match finding {
        Finding::Confirmed(deposit) => {
            format!("{host} has {} units at {} in block {}", deposit.units, deposit.positions, deposit.block)
        }
        finding => format!("{host} says {}", finding.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn paid(units: u128, block: &str) -> Finding {
        Finding::Confirmed(Deposit {
            units,
            positions: "log:1".to_owned(),
            from: None,
            block: block.to_owned(),
            height: 1,
            at: Timestamp::from_secs(1),
            memo: None,
            sources: Vec::new(),
        })
    }

    fn pending() -> Finding {
        Finding::Pending { why: String::new() }
    }

    fn failed() -> Finding {
        Finding::FailedOnChain { why: String::new() }
    }

    /// Asked one after the other until it is enough; the word, and how many were asked.
    fn ask(wanted: usize, findings: Vec<Option<Finding>>) -> (&'static str, usize) {
        let mut answers = Answers::new(wanted);
        let mut asked = 0;
        for finding in findings {
            asked += 1;
            match finding {
                Some(finding) => answers.add(&format!("host{asked}"), finding),
                None => answers.failed(format!("host{asked}: down")),
            }
            if answers.next() == Next::Enough {
                break;
            }
        }
        (answers.conclude(Chain::Bsc).word(), asked)
    }

    #[test]
    fn one_witness_is_enough_where_one_is_wanted() {
        assert_eq!(ask(1, vec![Some(paid(1, "a")), None]), ("confirmed", 1));
        assert_eq!(ask(1, vec![None, Some(Finding::NotFound)]), ("not_found", 2));
        assert_eq!(ask(1, vec![None, None]), ("unreachable", 2));
        assert_eq!(ask(1, vec![]), ("unreachable", 0));
    }

    #[test]
    fn several_witnesses_must_say_the_same() {
        assert_eq!(ask(2, vec![Some(paid(1, "a")), Some(paid(1, "a"))]), ("confirmed", 2));
        assert_eq!(ask(2, vec![Some(paid(1, "a")), Some(paid(2, "a")), Some(paid(1, "a"))]), ("disagree", 2));
        assert_eq!(ask(2, vec![Some(paid(1, "a")), Some(paid(1, "b"))]), ("disagree", 2));
        assert_eq!(ask(2, vec![Some(paid(1, "a")), Some(failed())]), ("disagree", 2));
        assert_eq!(ask(2, vec![Some(failed()), Some(failed())]), ("failed_on_chain", 2));
        assert_eq!(ask(2, vec![Some(paid(1, "a")), None]), ("unreachable", 2));
        assert_eq!(ask(2, vec![Some(Finding::NotFound), None]), ("unreachable", 2));
    }

    #[test]
    fn who_is_behind_makes_it_wait_and_another_may_settle_it() {
        assert_eq!(ask(2, vec![Some(paid(1, "a")), Some(pending())]), ("pending", 2));
        assert_eq!(ask(2, vec![Some(paid(1, "a")), Some(Finding::NotFound), Some(paid(1, "a"))]), ("confirmed", 3));
        assert_eq!(ask(2, vec![Some(Finding::NotFound), Some(pending())]), ("pending", 2));
        assert_eq!(ask(2, vec![Some(Finding::NotFound), Some(Finding::NotFound)]), ("not_found", 2));
    }

    #[test]
    fn the_hosts_that_agreed_are_named() {
        let mut answers = Answers::new(2);
        answers.add("one.example", paid(1, "a"));
        answers.add("behind.example", Finding::NotFound);
        answers.add("two.example", paid(1, "a"));
        let Finding::Confirmed(deposit) = answers.conclude(Chain::Bsc) else { panic!() };
        assert_eq!(deposit.sources, ["one.example", "two.example"]);
    }
}

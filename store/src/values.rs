//! Statements over many rows on SQLite, each row bound as it is: reading rows out of a JSON parameter costs several times
//! as much there. The number of rows is padded to a power of two, so that few texts exist and each is prepared once.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};
use std::sync::{Arc, OnceLock};

/// More rows take several statements; SQLite allows 32 766 parameters in one.
pub(crate) const ROWS_MAX: usize = 1_024;

/// A statement over the rows of a `values` list. Padding rows are null in their first column.
pub(crate) struct Rows {
    before: &'static str,
    columns: usize,
    /// The place of a row stands in it as its last column.
    placed: bool,
    after: &'static str,
    texts: [OnceLock<Arc<str>>; 11],
}

impl Rows {
    const fn new(before: &'static str, columns: usize, placed: bool, after: &'static str) -> Self {
        Self { before, columns, placed, after, texts: [const { OnceLock::new() }; 11] }
    }

    fn text(&self, rows: usize) -> String {
        let binds = vec!["?"; self.columns].join(",");
        let list: Vec<String> = (0..rows)
            .map(|place| if self.placed { format!("({binds},{place})") } else { format!("({binds})") })
            .collect();
        format!("{}(values {}){}", self.before, list.join(","), self.after)
    }
}

/// `[name, currency]`: one row with a JSON list of `[place, id, posted, version]` of the accounts that exist.
pub(crate) static FIND_ACCOUNTS: Rows = Rows::new(
    "select json_group_array(json_array(v.column3, a.id, a.posted, a.version)) from ",
    2,
    true,
    " v cross join account a on a.name = v.column1 and a.currency = v.column2",
);

/// `[id, key, digest, kind, reverses, actor, cause, at]`.
pub(crate) static INSERT_JOURNALS: Rows = Rows::new(
    "insert into journal (id, key, digest, kind, reverses, actor, cause, at) select * from ",
    8,
    false,
    " where column1 is not null",
);

/// `[journal, seq, account, amount, account_version]`.
pub(crate) static INSERT_ENTRIES: Rows = Rows::new(
    "insert into entry (journal, seq, account, amount, account_version) select * from ",
    5,
    false,
    " where column1 is not null",
);

/// `[id, posted, version]`.
pub(crate) static UPDATE_ACCOUNTS: Rows = Rows::new(
    "update account set posted = v.column2, version = v.column3 from ",
    3,
    false,
    " v where account.id = v.column1",
);

/// How many rows the statement for `wanted` rows has; the rest is bound as nulls.
pub(crate) fn rows(wanted: usize) -> usize {
    wanted.next_power_of_two().min(ROWS_MAX)
}

/// The statement for `wanted` rows, at most [`ROWS_MAX`].
pub(crate) fn query(statement: &Rows, wanted: usize) -> Query<'static, Any, AnyArguments> {
    let rows = rows(wanted);
    let text = statement.texts[rows.ilog2() as usize].get_or_init(|| statement.text(rows).into());
    // Safe: the text is made of literals of this file and numbers.
    sqlx::query(AssertSqlSafe(Arc::clone(text)))
}

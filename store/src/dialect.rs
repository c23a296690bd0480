//! The few statements that differ between the engines.

/// Which engine the store is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded, the default.
    Sqlite,
    /// A server.
    Postgres,
}

impl Dialect {
    /// The text for this engine.
    pub const fn pick(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// The word for messages.
    pub const fn word(self) -> &'static str {
        self.pick("sqlite", "postgres")
    }
}

/// Reserves `$1` journal ids. SQLite has one writer, so counting on is safe inside its transaction.
pub(crate) const RESERVE_JOURNALS: (&str, &str) = (
    "select coalesce(max(id), 0) + 1 from journal",
    "select nextval(pg_get_serial_sequence('journal', 'id')) from generate_series(1, $1)",
);

/// Journals with the keys of the JSON list `$1`.
pub(crate) const KNOWN_JOURNALS: (&str, &str) = (
    "select j.id, j.key, j.digest from json_each($1) k cross join journal j on j.key = k.value",
    "select j.id, j.key, j.digest from json_array_elements_text(cast($1 as json)) k (value) \
     join journal j on j.key = k.value",
);

/// PostgreSQL: user accounts with the `[name, currency]` pairs of the JSON list `$1`, locked in the order of their ids.
pub(crate) const LOCK_ACCOUNTS: &str = "select a.id, a.name, a.currency, a.posted, a.version from account a \
     where (a.name, a.currency) in (select k.value ->> 0, k.value ->> 1 from json_array_elements(cast($1 as json)) k) \
     and a.kind = 'user' order by a.id for no key update";

/// PostgreSQL: our own accounts are read apart: they have no balance and are never locked.
pub(crate) const OWN_ACCOUNTS: &str = "select a.id, a.name, a.currency, cast(0 as bigint) as posted, \
     cast(0 as bigint) as version from account a \
     where (a.name, a.currency) in (select k.value ->> 0, k.value ->> 1 from json_array_elements(cast($1 as json)) k) \
     and a.kind <> 'user'";

/// Journals with the ids of the JSON list `$1`: what they reverse and what reversed them.
pub(crate) const REVERSED_JOURNALS: (&str, &str) = (
    "select o.id, o.reverses, r.id as reversed_by from json_each($1) k cross join journal o on o.id = k.value \
     left join journal r on r.reverses = o.id",
    "select o.id, o.reverses, r.id as reversed_by from json_array_elements_text(cast($1 as json)) k (value) \
     join journal o on o.id = cast(k.value as bigint) left join journal r on r.reverses = o.id",
);

/// Creates the accounts `[name, currency, kind, user or null]` of the JSON list `$1` that are missing.
pub(crate) const CREATE_ACCOUNTS: (&str, &str) = (
    "insert into account (name, currency, kind, user_id, floor, posted, version) \
     select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), \
            json_extract(value, '$[3]'), case json_extract(value, '$[2]') when 'user' then 0 end, \
            case json_extract(value, '$[2]') when 'user' then 0 end, \
            case json_extract(value, '$[2]') when 'user' then 0 end \
     from json_each($1) where true on conflict (name, currency) do nothing",
    "insert into account (name, currency, kind, user_id, floor, posted, version) \
     select value ->> 0, value ->> 1, value ->> 2, cast(value ->> 3 as bigint), \
            case value ->> 2 when 'user' then 0 end, case value ->> 2 when 'user' then 0 end, \
            case value ->> 2 when 'user' then 0 end \
     from json_array_elements(cast($1 as json)) order by value ->> 0 on conflict (name, currency) do nothing",
);

/// PostgreSQL: inserts the journals `[id, key, digest, kind, reverses, actor, cause, at]` of the JSON list `$1`.
pub(crate) const INSERT_JOURNALS: &str = "insert into journal (id, key, digest, kind, reverses, actor, cause, at) \
     select cast(value ->> 0 as bigint), value ->> 1, decode(value ->> 2, 'hex'), value ->> 3, \
            cast(value ->> 4 as bigint), value ->> 5, value ->> 6, cast(value ->> 7 as bigint) \
     from json_array_elements(cast($1 as json))";

/// PostgreSQL: inserts the entries `[journal, seq, account, amount, account_version]` of the JSON list `$1`.
pub(crate) const INSERT_ENTRIES: &str = "insert into entry (journal, seq, account, amount, account_version) \
     select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), cast(value ->> 2 as bigint), \
            cast(value ->> 3 as bigint), cast(value ->> 4 as bigint) from json_array_elements(cast($1 as json))";

/// PostgreSQL: sets the balances `[id, posted, version]` of the JSON list `$1`.
pub(crate) const UPDATE_ACCOUNTS: &str = "update account set posted = cast(v.value ->> 1 as bigint), \
     version = cast(v.value ->> 2 as bigint) \
     from json_array_elements(cast($1 as json)) v where account.id = cast(v.value ->> 0 as bigint)";

/// Inserts the updates `[update_id, user_id, body, at]` of the JSON list `$1`.
pub(crate) const INSERT_UPDATES: (&str, &str) = (
    "insert into inbox (update_id, user_id, body, state, received_at) \
     select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), 'open', \
            json_extract(value, '$[3]') from json_each($1) where true on conflict (update_id) do nothing",
    "insert into inbox (update_id, user_id, body, state, received_at) \
     select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), value ->> 2, 'open', \
            cast(value ->> 3 as bigint) from json_array_elements(cast($1 as json)) on conflict (update_id) do nothing",
);

/// Marks the updates of the JSON list `$1` done at `$2`.
pub(crate) const UPDATES_DONE: (&str, &str) = (
    "update inbox set state = 'done', done_at = $2 where state = 'open' \
     and update_id in (select value from json_each($1))",
    "update inbox set state = 'done', done_at = $2 where state = 'open' \
     and update_id in (select cast(value as bigint) from json_array_elements_text(cast($1 as json)))",
);

/// Keeps the conversations `[user, state, at]` of the JSON list `$1`.
pub(crate) const SAVE_CONVERSATIONS: (&str, &str) = (
    "insert into conversation (user_id, state, updated_at) \
     select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') from json_each($1) \
     where true on conflict (user_id) do update set state = excluded.state, updated_at = excluded.updated_at",
    "insert into conversation (user_id, state, updated_at) \
     select cast(value ->> 0 as bigint), value ->> 1, cast(value ->> 2 as bigint) \
     from json_array_elements(cast($1 as json)) \
     on conflict (user_id) do update set state = excluded.state, updated_at = excluded.updated_at",
);

/// Keeps the keyboards `[id, user, actions, at]` of the JSON list `$1`.
pub(crate) const INSERT_KEYBOARDS: (&str, &str) = (
    "insert into keyboard (id, user_id, actions, created_at) \
     select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), \
            json_extract(value, '$[3]') from json_each($1)",
    "insert into keyboard (id, user_id, actions, created_at) \
     select value ->> 0, cast(value ->> 1 as bigint), value ->> 2, cast(value ->> 3 as bigint) \
     from json_array_elements(cast($1 as json))",
);

/// Inserts the messages `[chat, priority, kind, method, payload, key, event_id, correlation, run_at, at]` of `$1`.
pub(crate) const INSERT_MESSAGES: (&str, &str) = (
    "insert into outbox (chat_id, priority, kind, method, payload, key, event_id, correlation, state, run_at, created_at) \
     select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), \
            json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'), \
            json_extract(value, '$[6]'), json_extract(value, '$[7]'), 'ready', json_extract(value, '$[8]'), \
            json_extract(value, '$[9]') from json_each($1) where true on conflict (key) do nothing",
    "insert into outbox (chat_id, priority, kind, method, payload, key, event_id, correlation, state, run_at, created_at) \
     select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint), value ->> 2, value ->> 3, value ->> 4, \
            value ->> 5, value ->> 6, value ->> 7, 'ready', cast(value ->> 8 as bigint), cast(value ->> 9 as bigint) \
     from json_array_elements(cast($1 as json)) on conflict (key) do nothing",
);

/// Marks the messages `[id, message_id]` of the JSON list `$1` sent at `$2`.
pub(crate) const MESSAGES_SENT: (&str, &str) = (
    "update outbox set state = 'sent', sent_at = $2, attempts = attempts + 1, \
     message_id = json_extract(v.value, '$[1]') from json_each($1) v \
     where outbox.id = json_extract(v.value, '$[0]') and outbox.state = 'ready'",
    "update outbox set state = 'sent', sent_at = $2, attempts = attempts + 1, \
     message_id = cast(v.value ->> 1 as bigint) from json_array_elements(cast($1 as json)) v \
     where outbox.id = cast(v.value ->> 0 as bigint) and outbox.state = 'ready'",
);

/// Claims one ready job of lane `$1` due at `$2` for owner `$3` until `$4`.
pub(crate) const CLAIM_JOB: (&str, &str) = (
    "update job set state = 'running', owner = $3, lease_until = $4, fence = fence + 1, attempts = attempts + 1, \
     updated_at = $2 where id = (select id from job where state = 'ready' and lane = $1 and run_at <= $2 \
     order by run_at, id limit 1) returning id, kind, object, payload, attempts, crashes, fence",
    "update job set state = 'running', owner = $3, lease_until = $4, fence = fence + 1, attempts = attempts + 1, \
     updated_at = $2 where id = (select id from job where state = 'ready' and lane = $1 and run_at <= $2 \
     order by run_at, id limit 1 for update skip locked) returning id, kind, object, payload, attempts, crashes, fence",
);

/// Adds the offers `[service, name, category, kind, its spelling, rate, min, max, refill, cancel, dripfeed, description]`
/// of the JSON list `$1` to provider `$2` at `$3`.
pub(crate) const IMPORT_OFFERS: (&str, &str) = (
    "insert into panel_service (version, provider_id, service, name, category, kind, kind_text, rate, min, max, refill, \
     cancel, dripfeed, description, state, seen_at, updated_at) select 1, $2, \
     json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), \
     json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'), \
     json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'), \
     json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'), 'on', $3, $3 \
     from json_each($1) where true on conflict (provider_id, service) do nothing",
    "insert into panel_service (version, provider_id, service, name, category, kind, kind_text, rate, min, max, refill, \
     cancel, dripfeed, description, state, seen_at, updated_at) select 1, $2, \
     value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, \
     cast(value ->> 6 as bigint), cast(value ->> 7 as bigint), cast(value ->> 8 as bigint), \
     cast(value ->> 9 as bigint), cast(value ->> 10 as bigint), value ->> 11, 'on', $3, $3 \
     from json_array_elements(cast($1 as json)) on conflict (provider_id, service) do nothing",
);

/// Writes the offers `[id, version, service, …, state, rate before]` of the JSON list `$1` at `$2`.
pub(crate) const CHANGE_OFFERS: (&str, &str) = (
    "update panel_service set version = version + 1, \
     name = json_extract(v.value, '$[3]'), category = json_extract(v.value, '$[4]'), \
     kind = json_extract(v.value, '$[5]'), kind_text = json_extract(v.value, '$[6]'), \
     rate = json_extract(v.value, '$[7]'), min = json_extract(v.value, '$[8]'), \
     max = json_extract(v.value, '$[9]'), refill = json_extract(v.value, '$[10]'), \
     cancel = json_extract(v.value, '$[11]'), dripfeed = json_extract(v.value, '$[12]'), \
     description = json_extract(v.value, '$[13]'), state = json_extract(v.value, '$[14]'), \
     rate_before = json_extract(v.value, '$[15]'), seen_at = $2, updated_at = $2 \
     from json_each($1) v where panel_service.id = json_extract(v.value, '$[0]') \
     and panel_service.version = json_extract(v.value, '$[1]')",
    "update panel_service set version = version + 1, \
     name = v.value ->> 3, category = v.value ->> 4, kind = v.value ->> 5, kind_text = v.value ->> 6, \
     rate = v.value ->> 7, min = cast(v.value ->> 8 as bigint), max = cast(v.value ->> 9 as bigint), \
     refill = cast(v.value ->> 10 as bigint), cancel = cast(v.value ->> 11 as bigint), \
     dripfeed = cast(v.value ->> 12 as bigint), description = v.value ->> 13, state = v.value ->> 14, \
     rate_before = v.value ->> 15, seen_at = $2, updated_at = $2 \
     from json_array_elements(cast($1 as json)) v where panel_service.id = cast(v.value ->> 0 as bigint) \
     and panel_service.version = cast(v.value ->> 1 as bigint)",
);

/// Marks the offers `[id, version]` of the JSON list `$1` gone at `$3`; the catalogue still had them at `$2`.
pub(crate) const OFFERS_GONE: (&str, &str) = (
    "update panel_service set version = version + 1, state = 'gone', \
     seen_at = case when seen_at < $2 then $2 else seen_at end, updated_at = $3 from json_each($1) v \
     where panel_service.id = json_extract(v.value, '$[0]') and panel_service.version = json_extract(v.value, '$[1]')",
    "update panel_service set version = version + 1, state = 'gone', \
     seen_at = case when seen_at < $2 then $2 else seen_at end, updated_at = $3 \
     from json_array_elements(cast($1 as json)) v where panel_service.id = cast(v.value ->> 0 as bigint) \
     and panel_service.version = cast(v.value ->> 1 as bigint)",
);

/// The offers with the ids of the JSON list `$1`.
pub(crate) const OFFERS_BY_ID: (&str, &str) = (
    "select * from panel_service where id in (select value from json_each($1)) order by id",
    "select * from panel_service where id in (select cast(value as bigint) from json_array_elements_text(cast($1 as json))) \
     order by id",
);

/// Adds the items `[pid, name, title, description, tags, type, os, visible, available, status, quantity]` of the JSON list
/// `$1` at `$2`; answers those that were not there.
pub(crate) const CREATE_ITEMS: (&str, &str) = (
    "insert into ipstock_item (version, pid, name, title, description, tags, server_type, default_os, visible, approved_at, \
     available, status, quantity, seen_at, created_at, updated_at) select 1, \
     json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), \
     json_extract(value, '$[4]'), json_extract(value, '$[5]'), json_extract(value, '$[6]'), json_extract(value, '$[7]'), \
     case json_extract(value, '$[7]') when 1 then $2 end, json_extract(value, '$[8]'), json_extract(value, '$[9]'), \
     json_extract(value, '$[10]'), $2, $2, $2 from json_each($1) where true on conflict (pid, name) do nothing \
     returning id, pid, name, quantity",
    "insert into ipstock_item (version, pid, name, title, description, tags, server_type, default_os, visible, approved_at, \
     available, status, quantity, seen_at, created_at, updated_at) select 1, value ->> 0, value ->> 1, value ->> 2, \
     value ->> 3, value ->> 4, value ->> 5, value ->> 6, cast(value ->> 7 as bigint), \
     case value ->> 7 when '1' then $2 end, cast(value ->> 8 as bigint), value ->> 9, cast(value ->> 10 as bigint), \
     $2, $2, $2 from json_array_elements(cast($1 as json)) on conflict (pid, name) do nothing \
     returning id, pid, name, quantity",
);

/// Writes what was read of the items `[id, available, status, quantity]` of the JSON list `$1` at `$2`.
pub(crate) const CHANGE_ITEMS: (&str, &str) = (
    "update ipstock_item set available = json_extract(v.value, '$[1]'), status = json_extract(v.value, '$[2]'), \
     quantity = json_extract(v.value, '$[3]'), missing_since = null, updated_at = $2 from json_each($1) v \
     where ipstock_item.id = json_extract(v.value, '$[0]')",
    "update ipstock_item set available = cast(v.value ->> 1 as bigint), status = v.value ->> 2, \
     quantity = cast(v.value ->> 3 as bigint), missing_since = null, updated_at = $2 \
     from json_array_elements(cast($1 as json)) v where ipstock_item.id = cast(v.value ->> 0 as bigint)",
);

/// Marks the items with the ids of the JSON list `$1` gone at `$2`.
pub(crate) const ITEMS_GONE: (&str, &str) = (
    "update ipstock_item set available = 0, quantity = 0, missing_since = $2, updated_at = $2 \
     where missing_since is null and id in (select value from json_each($1))",
    "update ipstock_item set available = 0, quantity = 0, missing_since = $2, updated_at = $2 where missing_since is null \
     and id in (select cast(value as bigint) from json_array_elements_text(cast($1 as json)))",
);

/// Notes the quantities `[item, quantity]` of the JSON list `$1` at `$2`.
pub(crate) const NOTE_QUANTITIES: (&str, &str) = (
    "insert into ipstock_quantity (item_id, at, quantity) select json_extract(value, '$[0]'), $2, \
     json_extract(value, '$[1]') from json_each($1) where true \
     on conflict (item_id, at) do update set quantity = excluded.quantity",
    "insert into ipstock_quantity (item_id, at, quantity) select cast(value ->> 0 as bigint), $2, \
     cast(value ->> 1 as bigint) from json_array_elements(cast($1 as json)) \
     on conflict (item_id, at) do update set quantity = excluded.quantity",
);

/// Gives the items with the ids of the JSON list `$2` the options `[label, gb, price, cost, currency, enabled]` of `$1`.
pub(crate) const ADD_MEMORIES: (&str, &str) = (
    "insert into ipstock_memory (item_id, label, gb, price, cost, cost_currency, enabled, updated_at) \
     select i.value, json_extract(o.value, '$[0]'), json_extract(o.value, '$[1]'), json_extract(o.value, '$[2]'), \
     json_extract(o.value, '$[3]'), json_extract(o.value, '$[4]'), json_extract(o.value, '$[5]'), $3 \
     from json_each($2) i, json_each($1) o where true on conflict (item_id, label) do nothing",
    "insert into ipstock_memory (item_id, label, gb, price, cost, cost_currency, enabled, updated_at) \
     select cast(i.value as bigint), o.value ->> 0, cast(o.value ->> 1 as bigint), cast(o.value ->> 2 as bigint), \
     o.value ->> 3, o.value ->> 4, cast(o.value ->> 5 as bigint), $3 \
     from json_array_elements_text(cast($2 as json)) i, json_array_elements(cast($1 as json)) o \
     on conflict (item_id, label) do nothing",
);

/// The memory options of the items with the ids of the JSON list `$1`.
pub(crate) const MEMORIES_OF: (&str, &str) = (
    "select * from ipstock_memory where item_id in (select value from json_each($1)) order by item_id, gb, id",
    "select * from ipstock_memory where item_id in \
     (select cast(value as bigint) from json_array_elements_text(cast($1 as json))) order by item_id, gb, id",
);

impl Dialect {
    /// The text of a pair for this engine.
    pub(crate) const fn of(self, pair: (&'static str, &'static str)) -> &'static str {
        self.pick(pair.0, pair.1)
    }
}

-- Money ------------------------------------------------------------------------------------------------------------
create table account (
  id integer primary key,
  name text not null,
  currency text not null,
  kind text not null check (kind in ('user', 'platform', 'external')),
  user_id integer,
  floor integer,
  posted integer,
  version integer,
  unique (name, currency),
  -- Users' accounts have a floor and a balance; ours have neither and are summed from their entries.
  constraint account_balance check (case kind when 'user' then floor is not null and posted is not null and version is not null
    else floor is null and posted is null and version is null end),
  constraint account_floor check (kind <> 'user' or posted >= floor)
) strict;
create index account_user on account (user_id) where user_id is not null;

create table journal (
  id integer primary key,
  key text not null unique,
  digest blob not null,
  kind text not null,
  reverses integer references journal (id),
  actor text not null,
  cause text not null,
  at integer not null
) strict;
create unique index journal_reversed_once on journal (reverses) where reverses is not null;
create index journal_cause on journal (cause) where cause <> '';

create table entry (
  journal integer not null references journal (id),
  seq integer not null,
  account integer not null references account (id),
  amount integer not null check (amount <> 0),
  account_version integer,
  primary key (journal, seq),
  unique (account, account_version)
) strict, without rowid;

create table hold (
  id integer primary key autoincrement,
  object text not null,
  n integer not null,
  account text not null,
  currency text not null,
  amount integer not null check (amount > 0),
  state text not null check (state in ('open', 'captured', 'released')),
  opened integer not null references journal (id),
  closed integer references journal (id),
  opened_at integer not null,
  closed_at integer,
  unique (object, n),
  check ((state = 'open') = (closed is null))
) strict;
create unique index hold_one_open on hold (object) where state = 'open';
create index hold_open_account on hold (account, currency) where state = 'open';

-- People -----------------------------------------------------------------------------------------------------------
create table users (
  id integer primary key,
  username text not null,
  first_name text not null,
  role text not null check (role in ('customer', 'reply_guy')),
  referrer integer,
  created_at integer not null,
  frozen_reason text,
  frozen_at integer,
  unreachable integer not null default 0,
  check (referrer is null or referrer <> id)
) strict;
create index users_username on users (username);
create index users_referrer on users (referrer) where referrer is not null;

create table payee (
  id integer primary key autoincrement,
  user_id integer not null references users (id),
  bank_code text not null,
  bank_name text not null,
  account_enc blob not null,
  account_hmac blob not null,
  name_enc blob not null,
  created_at integer not null,
  used_at integer not null,
  unique (user_id, bank_code, account_hmac)
) strict;
create index payee_account on payee (account_hmac, bank_code);

create table mute (
  user_id integer primary key,
  count integer not null,
  until integer not null
) strict;

-- Withdrawals ------------------------------------------------------------------------------------------------------
create table withdrawal (
  id integer primary key autoincrement,
  version integer not null,
  revision integer not null,
  user_id integer not null references users (id),
  source text not null check (source in ('affiliate', 'reply')),
  currency text not null,
  amount integer not null check (amount > 0),
  fee integer not null check (fee >= 0),
  payout integer not null check (payout > 0),
  usd integer not null,
  rate_num integer,
  rate_den integer,
  rate_until integer,
  bank_code text not null,
  bank_name text not null,
  account_enc blob not null,
  account_hmac blob not null,
  name_enc blob not null,
  mode text not null check (mode in ('automatic', 'manual')),
  state text not null check (state in ('requested', 'signing', 'grace', 'queued', 'sending', 'sent', 'unknown', 'paid',
    'failed', 'rejected', 'frozen', 'returned')),
  frozen_from text check (frozen_from in ('sending', 'sent', 'unknown')),
  open integer not null check (open in (0, 1)),
  flags text not null,
  hits text not null,
  level integer not null,
  needed integer not null check (needed in (1, 2)),
  signed integer not null default 0,
  grace_until integer,
  attempt integer not null default 0,
  hold_n integer not null default 1,
  reason_code text,
  reason text,
  key text not null unique,
  digest blob not null,
  correlation text not null,
  created_at integer not null,
  updated_at integer not null,
  -- Nothing is sent with fewer names than the policy asked for.
  check (state in ('requested', 'signing', 'rejected') or signed >= needed),
  check ((state = 'frozen') = (frozen_from is not null)),
  check ((open = 1) = (state not in ('paid', 'failed', 'rejected', 'returned')))
) strict;
create index withdrawal_created on withdrawal (created_at, id);
create index withdrawal_payout on withdrawal (payout, id);
create index withdrawal_open_created on withdrawal (created_at, id) where open = 1;
create index withdrawal_open_payout on withdrawal (payout, id) where open = 1;
create index withdrawal_user on withdrawal (user_id, created_at);
create index withdrawal_account on withdrawal (account_hmac, created_at);
create index withdrawal_updated on withdrawal (updated_at);

create table attempt (
  id integer primary key autoincrement,
  withdrawal_id integer not null references withdrawal (id),
  n integer not null,
  reference text not null unique,
  state text not null check (state in ('intent', 'sending', 'not_sent', 'rejected_ours', 'rejected_theirs', 'accepted',
    'unknown', 'paid', 'failed', 'void')),
  digest blob not null,
  amount integer not null,
  sends integer not null default 0,
  provider_id integer,
  fee integer,
  fee_text text,
  error text,
  fence integer,
  lease_until integer,
  sending_at integer,
  empties integer not null default 0,
  last_empty_at integer,
  created_at integer not null,
  updated_at integer not null,
  unique (withdrawal_id, n)
) strict;
create unique index attempt_one_live on attempt (withdrawal_id)
  where state in ('intent', 'sending', 'not_sent', 'rejected_ours', 'accepted', 'unknown', 'paid');
create index attempt_sending on attempt (sending_at) where sending_at is not null;
create index attempt_open on attempt (state) where state in ('sending', 'accepted', 'unknown');

create table signature (
  id integer primary key autoincrement,
  subject text not null,
  digest blob not null,
  operator text not null,
  via text not null,
  op text not null,
  at integer not null,
  expires_at integer not null,
  void integer not null default 0
) strict;
create unique index signature_one_per_name on signature (subject, operator) where void = 0;

create table exchange (
  id integer primary key autoincrement,
  object text not null,
  attempt integer,
  provider text not null,
  operation text not null,
  status integer,
  latency_ms integer not null,
  outcome text not null,
  request text not null,
  reply text not null,
  correlation text not null,
  at integer not null
) strict;
create index exchange_object on exchange (object, id);
create index exchange_at on exchange (provider, at);

create table cases (
  id integer primary key autoincrement,
  version integer not null,
  kind text not null,
  state text not null check (state in ('open', 'delayed', 'done', 'refused', 'expired')),
  subject text not null,
  what text not null,
  payload text not null,
  digest blob not null,
  reason text not null,
  made_by text not null,
  needed integer not null,
  due_at integer,
  result text,
  created_at integer not null,
  updated_at integer not null,
  expires_at integer not null
) strict;
create unique index cases_one_open on cases (kind, subject) where state in ('open', 'delayed');
create index cases_state on cases (state, id);

-- Work -------------------------------------------------------------------------------------------------------------
create table job (
  id integer primary key autoincrement,
  kind text not null,
  lane text not null,
  key text not null unique,
  object text not null,
  payload text not null,
  state text not null check (state in ('ready', 'running', 'done', 'dead', 'discarded')),
  run_at integer not null,
  attempts integer not null default 0,
  crashes integer not null default 0,
  owner text,
  lease_until integer,
  -- Asked for while it ran: it runs once more.
  wanted_at integer,
  fence integer not null default 0,
  error text,
  created_at integer not null,
  updated_at integer not null
) strict;
create index job_ready on job (lane, run_at, id) where state = 'ready';
create index job_running on job (lease_until) where state = 'running';
create index job_state on job (state, id);
create index job_object on job (object);

create table event (
  seq integer primary key autoincrement,
  event_id text not null unique,
  event_type text not null,
  at integer not null,
  correlation text not null,
  object text not null,
  data text not null
) strict;
create index event_object on event (object, seq);
create index event_type_at on event (event_type, at);

create table audit (
  seq integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  object text not null,
  result text not null check (result in ('done', 'refused')),
  detail text not null,
  op text not null,
  hash blob not null
) strict;
create index audit_object on audit (object, seq);

-- Telegram ---------------------------------------------------------------------------------------------------------
create table inbox (
  update_id integer primary key,
  user_id integer not null,
  body text not null,
  state text not null check (state in ('open', 'done', 'dead')),
  attempts integer not null default 0,
  error text,
  received_at integer not null,
  done_at integer
) strict;
create index inbox_open on inbox (update_id) where state = 'open';
create index inbox_done on inbox (done_at) where state = 'done';
create index inbox_dead on inbox (update_id) where state = 'dead';

create table conversation (
  user_id integer primary key,
  state text not null,
  updated_at integer not null
) strict;

create table keyboard (
  id text primary key,
  user_id integer not null,
  actions text not null,
  used_at integer,
  created_at integer not null
) strict;
create index keyboard_created on keyboard (created_at);

create table outbox (
  id integer primary key autoincrement,
  chat_id integer not null,
  priority integer not null,
  kind text not null check (kind in ('reply', 'notice', 'ops', 'broadcast')),
  method text not null,
  payload text not null,
  key text unique,
  event_id text,
  correlation text not null,
  state text not null check (state in ('ready', 'sent', 'failed')),
  attempts integer not null default 0,
  run_at integer not null,
  message_id integer,
  error text,
  created_at integer not null,
  sent_at integer
) strict;
create index outbox_ready on outbox (priority, run_at, id) where state = 'ready';
create index outbox_failed on outbox (sent_at) where state = 'failed';
create index outbox_old on outbox (created_at) where state <> 'ready' and key is null;
create index outbox_chat on outbox (chat_id, id);

-- The rest ---------------------------------------------------------------------------------------------------------
create table webhook (
  id integer primary key autoincrement,
  key text not null unique,
  source text not null,
  body_enc blob not null,
  received_at integer not null
) strict;
create index webhook_received on webhook (received_at);

create table switch (
  name text primary key,
  paused integer not null,
  reason text not null,
  actor text not null,
  at integer not null
) strict;

create table rail (
  name text primary key,
  state text not null check (state in ('ok', 'paused', 'down')),
  reason text not null,
  until integer,
  held_by text,
  float integer,
  float_at integer,
  updated_at integer not null
) strict;

create table setting (
  key text primary key,
  value text not null,
  actor text not null,
  at integer not null
) strict;

create table lease (
  name text primary key,
  epoch integer not null,
  owner text not null,
  started_at integer not null,
  seen_at integer not null
) strict;

create table rate (
  id integer primary key autoincrement,
  pair text not null,
  num integer not null,
  den integer not null,
  source text not null,
  at integer not null
) strict;
create index rate_pair on rate (pair, source, at);

create table bank (
  code text primary key,
  name text not null,
  seen_at integer not null
) strict;

create table presence (
  operator text not null,
  session text not null,
  object text not null,
  at integer not null,
  primary key (operator, session)
) strict;

create table operator_state (
  operator text not null,
  key text not null,
  value text not null,
  at integer not null,
  primary key (operator, key)
) strict;

-- History is never rewritten ---------------------------------------------------------------------------------------
create trigger journal_no_update before update on journal begin select raise(abort, 'journals are never changed'); end;
create trigger journal_no_delete before delete on journal begin select raise(abort, 'journals are never deleted'); end;
create trigger entry_no_update before update on entry begin select raise(abort, 'entries are never changed'); end;
create trigger entry_no_delete before delete on entry begin select raise(abort, 'entries are never deleted'); end;
create trigger audit_no_update before update on audit begin select raise(abort, 'audit rows are never changed'); end;
create trigger audit_no_delete before delete on audit begin select raise(abort, 'audit rows are never deleted'); end;
create trigger exchange_no_update before update on exchange begin select raise(abort, 'evidence is never changed'); end;

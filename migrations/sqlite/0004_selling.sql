-- Selling ----------------------------------------------------------------------------------------------------------
-- What is sold. A missing key is seeded; everything else is operators'. An invoice keeps what it was made with.
create table product (
  key text primary key,
  version integer not null,
  position integer not null,
  title text not null,
  -- What a buyer reads about it.
  words text not null default '',
  kind text not null check (kind in ('credits', 'manual')),
  -- The plan whose credits are given.
  plan text,
  -- USD for one.
  price integer not null check (price > 0),
  -- JSON list of quantities.
  presets text not null default '[]',
  min integer not null check (min > 0),
  step integer not null check (step > 0),
  max integer not null,
  asks text not null check (asks in ('x_name', 'tg_name', 'poll', 'x_profile', 'x_profile_days', 'tg_channel', 'nothing')),
  due_hours integer not null check (due_hours > 0),
  enabled integer not null check (enabled in (0, 1)),
  updated_by text not null,
  updated_at integer not null,
  check (max >= min),
  check ((kind = 'credits') = (plan is not null))
) strict;
create index product_position on product (position, key);

-- How to reach a user for a bank transfer, sealed.
create table contact (
  user_id integer primary key references users (id),
  email_enc blob not null,
  phone_enc blob,
  updated_at integer not null
) strict;

-- Invoices ---------------------------------------------------------------------------------------------------------
-- Frozen when it is made: what is sold, for how much, how and where it is paid. What changes is its state and money.
create table invoice (
  id integer primary key autoincrement,
  version integer not null,
  -- INV-<user>-<8 hexadecimal digits>.
  number text not null unique,
  user_id integer not null references users (id),
  kind text not null check (kind in ('purchase', 'topup')),
  product text,
  title text not null,
  plan text,
  quantity integer not null check (quantity > 0),
  -- USD.
  unit_price integer not null check (unit_price > 0),
  price integer not null check (price > 0),
  -- JSON: what the product asks for.
  details text not null default '{}',
  method text not null check (method in ('crypto', 'bank', 'wallet', 'affiliate')),
  -- Crypto: what is paid, where, at which USD price of a whole coin, and exactly how much of its smallest units.
  asset text,
  chain text,
  address text,
  coin_num integer,
  coin_den integer,
  expected text,
  decimals integer,
  -- Bank: kobo, at which rate, and the account that was made for it.
  naira integer,
  rate_num integer,
  rate_den integer,
  reference text unique,
  bank_name text,
  bank_account text,
  bank_note text,
  bank_amount integer,
  charge_state text not null default 'none' check (charge_state in ('none', 'wanted', 'made', 'failed')),
  state text not null check (state in ('open', 'seen', 'confirming', 'paid', 'short', 'over', 'expired', 'late', 'refunded',
    'disputed')),
  open integer not null check (open in (0, 1)),
  -- Its exact amount is nobody else's.
  reserved integer not null check (reserved in (0, 1)),
  -- What came: units of the asset, or kobo; and what it was worth, USD.
  received text,
  received_usd integer not null default 0 check (received_usd >= 0),
  -- What was booked as revenue, and what of it was given back, USD.
  paid_usd integer not null default 0 check (paid_usd >= 0),
  refunded integer not null default 0 check (refunded >= 0),
  refunds integer not null default 0 check (refunds >= 0),
  -- A person must look: a word, and since when.
  attention text,
  attention_at integer,
  reason text,
  -- What the user was told last.
  told text,
  expires_at integer,
  paid_at integer,
  key text not null unique,
  digest blob not null,
  correlation text not null,
  created_at integer not null,
  updated_at integer not null,
  check ((kind = 'purchase') = (product is not null)),
  check ((method = 'crypto') = (asset is not null)),
  check (asset is null or (chain is not null and address is not null and expected is not null and decimals is not null
    and coin_num > 0 and coin_den > 0)),
  check ((method = 'bank') = (naira is not null)),
  check (naira is null or (naira > 0 and rate_num > 0 and rate_den > 0 and reference is not null)),
  check ((method = 'bank') = (charge_state <> 'none')),
  check (charge_state <> 'made' or bank_account is not null),
  check ((open = 1) = (state in ('open', 'seen', 'confirming', 'disputed'))),
  constraint invoice_reserves check (reserved = 0 or (open = 1 and method = 'crypto')),
  constraint invoice_expires check (open = 0 or expires_at is not null),
  check (refunded <= paid_usd),
  check (state not in ('paid', 'over', 'refunded') or (paid_at is not null and (kind = 'topup' or paid_usd > 0))),
  check ((attention is null) = (attention_at is null)),
  check (updated_at >= created_at)
) strict;
-- An exact amount of an asset leads to one invoice.
create unique index invoice_reserved on invoice (asset, expected) where reserved = 1;
create index invoice_created on invoice (created_at, id);
create index invoice_updated on invoice (updated_at, id);
create index invoice_open_created on invoice (created_at, id) where open = 1;
create index invoice_open_updated on invoice (updated_at, id) where open = 1;
create index invoice_open_asset on invoice (asset, expires_at) where open = 1;
create index invoice_open_expiry on invoice (expires_at, id) where open = 1;
create index invoice_attention_created on invoice (created_at, id) where attention is not null;
create index invoice_attention_updated on invoice (updated_at, id) where attention is not null;
create index invoice_user on invoice (user_id, created_at);
create index invoice_charge on invoice (charge_state, created_at) where charge_state = 'wanted';

-- Payments ---------------------------------------------------------------------------------------------------------
-- One transfer: of a chain, by its normalised hash, or of the bank, by its id there. Its row is committed before
-- anything about it is verified, so that the first claim wins.
create table payment (
  id integer primary key autoincrement,
  version integer not null,
  chain text not null,
  tx text not null,
  -- Where in its transaction the transfer stands, as the chain counts.
  position text,
  asset text,
  -- The asset's smallest units as decimal text; USD and kobo as booked.
  units text,
  usd integer check (usd >= 0),
  naira integer check (naira >= 0),
  fee_text text,
  sender text,
  block text,
  height integer,
  block_at integer,
  -- JSON list: what each source said.
  sources text not null default '[]',
  invoice_id integer references invoice (id),
  user_id integer references users (id),
  state text not null check (state in ('waiting', 'pending', 'confirmed', 'credited', 'refused', 'disputed', 'orphan')),
  class text,
  reason text,
  -- A person must look: a word, and since when.
  attention text,
  attention_at integer,
  tries integer not null default 0,
  next_at integer,
  fence integer,
  lease_until integer,
  correlation text not null,
  credited_at integer,
  created_at integer not null,
  updated_at integer not null,
  unique (chain, tx),
  check ((state = 'credited') = (credited_at is not null)),
  check (state <> 'credited' or (usd > 0 and user_id is not null)),
  check ((attention is null) = (attention_at is null)),
  check (updated_at >= created_at)
) strict;
create index payment_created on payment (created_at, id);
create index payment_state on payment (state, created_at);
create index payment_due on payment (next_at, id) where next_at is not null;
create index payment_attention on payment (created_at, id) where attention is not null;
create index payment_invoice on payment (invoice_id, id) where invoice_id is not null;
create index payment_user on payment (user_id, id) where user_id is not null;
create index payment_credited on payment (credited_at, id) where credited_at is not null;

-- Who said that a transfer pays what.
create table claim (
  id integer primary key autoincrement,
  payment_id integer not null references payment (id),
  invoice_id integer not null references invoice (id),
  user_id integer not null references users (id),
  -- As it was typed, cleaned.
  typed text not null,
  created_at integer not null,
  unique (payment_id, invoice_id)
) strict;
create index claim_invoice on claim (invoice_id, id);
create index claim_user on claim (user_id, created_at);

-- Fulfilment -------------------------------------------------------------------------------------------------------
-- A purchase that people fulfil.
create table manual_order (
  id integer primary key autoincrement,
  version integer not null,
  invoice_id integer not null unique references invoice (id),
  user_id integer not null references users (id),
  product text not null,
  title text not null,
  quantity integer not null check (quantity > 0),
  details text not null default '{}',
  -- USD.
  price integer not null check (price > 0),
  refunded integer not null default 0 check (refunded >= 0),
  state text not null check (state in ('open', 'done', 'refunded')),
  due_at integer not null,
  -- Operators were told that it is overdue.
  told_due integer not null default 0 check (told_due in (0, 1)),
  note text,
  closed_by text,
  closed_at integer,
  created_at integer not null,
  updated_at integer not null,
  check (refunded <= price),
  check ((state = 'open') = (closed_at is null)),
  check ((closed_by is null) = (closed_at is null)),
  check (updated_at >= created_at)
) strict;
create index manual_order_state on manual_order (state, due_at, id);
create index manual_order_due on manual_order (due_at, id) where state = 'open' and told_due = 0;
create index manual_order_user on manual_order (user_id, id);

-- What a referrer earned by an invoice, USD.
create table commission (
  invoice_id integer primary key references invoice (id),
  referrer integer not null references users (id),
  amount integer not null check (amount > 0),
  -- Taken back with refunds; and what a purse was too empty for.
  clawed integer not null default 0 check (clawed >= 0),
  owed integer not null default 0 check (owed >= 0),
  created_at integer not null,
  updated_at integer not null,
  check (clawed + owed <= amount)
) strict;
create index commission_referrer on commission (referrer, created_at);
create index commission_owed on commission (referrer) where owed > 0;

-- A plan that an operator made for one user. Its credits are those of the plan ct<id>.
create table custom_plan (
  id integer primary key autoincrement,
  version integer not null,
  user_id integer not null references users (id),
  name text not null,
  -- Of one post.
  views integer not null check (views >= 0),
  likes integer not null check (likes >= 0),
  comments integer not null check (comments >= 0),
  reposts integer not null check (reposts >= 0),
  -- Credits given in all.
  posts integer not null check (posts > 0),
  state text not null check (state in ('active', 'off')),
  expires_at integer,
  made_by text not null,
  created_at integer not null,
  updated_at integer not null,
  unique (user_id, name),
  check (views + likes + comments + reposts > 0),
  check (updated_at >= created_at)
) strict;
create index custom_plan_created on custom_plan (created_at, id);
create index custom_plan_expiry on custom_plan (expires_at, id) where state = 'active' and expires_at is not null;

-- Endpoints --------------------------------------------------------------------------------------------------------
-- How the endpoints of chains and the sources of prices do, by their labels.
create table endpoint (
  chain text not null,
  label text not null,
  state text not null,
  calls integer not null default 0,
  failures integer not null default 0,
  latency_ms integer,
  last_ok_at integer,
  last_error text,
  updated_at integer not null,
  primary key (chain, label)
) strict;

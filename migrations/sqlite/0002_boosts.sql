-- Providers --------------------------------------------------------------------------------------------------------
create table provider (
  id integer primary key autoincrement,
  version integer not null,
  name text not null unique,
  kind text not null check (kind in ('smm')),
  url text not null,
  key_enc blob,
  -- A keyed digest of the key's text: tells whether it changed, not what it is.
  key_hint text not null default '',
  state text not null check (state in ('enabled', 'disabled', 'maintenance')),
  priority integer not null,
  weight integer not null default 1 check (weight > 0),
  pinned integer not null default 0 check (pinned in (0, 1)),
  currency text not null,
  markup_bps integer not null default 0,
  -- What an operator chose; null follows the configuration.
  adapter text check (adapter in ('current', 'legacy')),
  -- Requests in ten seconds and at once, calls in flight.
  rate_per_10s integer not null,
  burst integer not null,
  concurrency integer not null,
  -- JSON: overrides of the breaker's settings by class.
  breakers text not null default '{}',
  -- JSON list: texts that this provider uses for a refusal of `add`.
  refusals text not null default '[]',
  low_balance text not null,
  balance text,
  balance_currency text,
  balance_at integer,
  low_told integer not null default 0,
  -- Placing found the catalogue to be out of date.
  sync_wanted_at integer,
  -- It rests: rate limited, out of funds, in trouble.
  rest_reason text,
  rest_until integer,
  -- What it must have to be woken when it rests for want of funds, in its currency.
  rest_needed text,
  created_at integer not null,
  updated_at integer not null
) strict;
create unique index provider_one_pinned on provider (pinned) where pinned = 1;

create table breaker (
  provider_id integer not null references provider (id) on delete cascade,
  class text not null check (class in ('order', 'status', 'balance')),
  version integer not null,
  state text not null check (state in ('closed', 'half_open', 'open')),
  -- The whole model as JSON; the columns beside it are for people and queries.
  body text not null,
  forced text check (forced in ('open', 'closed')),
  forced_until integer,
  opened_at integer,
  next_probe_at integer,
  -- The alarm about a breaker that stays open was given.
  told integer not null default 0,
  updated_at integer not null,
  primary key (provider_id, class)
) strict;

create table breaker_change (
  id integer primary key autoincrement,
  provider_id integer not null references provider (id) on delete cascade,
  class text not null,
  was text not null,
  became text not null,
  why text not null,
  actor text not null,
  at integer not null
) strict;
create index breaker_change_provider on breaker_change (provider_id, id);

-- Services ---------------------------------------------------------------------------------------------------------
-- What we sell: `x_views`. What delivers it is a mapping.
create table service (
  id integer primary key autoincrement,
  key text not null unique,
  name text not null,
  kind text not null,
  markup_bps integer not null default 0,
  created_at integer not null,
  updated_at integer not null
) strict;

-- What a provider offers, as last read.
create table panel_service (
  id integer primary key autoincrement,
  version integer not null,
  provider_id integer not null references provider (id) on delete cascade,
  service text not null,
  name text not null,
  category text not null,
  -- Normalised; null for a type that this program does not know, which is never sold.
  kind text,
  kind_text text not null,
  rate text not null,
  min integer not null,
  max integer not null,
  refill integer not null,
  cancel integer not null,
  dripfeed integer not null,
  description text not null,
  -- on; gone from the catalogue; held for a review of its price; off by an operator.
  state text not null check (state in ('on', 'gone', 'held', 'off')),
  -- The rate before a jump that waits for a review.
  rate_before text,
  -- JSON list of the fields that a sync leaves alone.
  locked text not null default '[]',
  seen_at integer not null,
  updated_at integer not null,
  unique (provider_id, service)
) strict;
create index panel_service_provider on panel_service (provider_id, id);

create table mapping (
  id integer primary key autoincrement,
  version integer not null,
  service_id integer not null references service (id),
  provider_id integer not null references provider (id),
  panel_service text not null,
  state text not null check (state in ('on', 'off')),
  -- Why it is off.
  reason text not null default '',
  created_by text not null,
  created_at integer not null,
  updated_at integer not null,
  unique (service_id, provider_id)
) strict;
create index mapping_provider on mapping (provider_id);

create table sync (
  id integer primary key autoincrement,
  provider_id integer not null references provider (id) on delete cascade,
  kind text not null check (kind in ('manual', 'auto')),
  actor text not null,
  state text not null check (state in ('running', 'done', 'failed', 'guarded')),
  seen integer not null default 0,
  imported integer not null default 0,
  updated integer not null default 0,
  disabled integer not null default 0,
  enabled integer not null default 0,
  held integer not null default 0,
  -- JSON list of sentences, a service each.
  errors text not null default '[]',
  bytes integer not null default 0,
  note text not null default '',
  started_at integer not null,
  ended_at integer
) strict;
create index sync_provider on sync (provider_id, id);
create unique index sync_one_running on sync (provider_id) where state = 'running';

-- Boost orders -----------------------------------------------------------------------------------------------------
-- The X and Telegram names that a user submits links for.
create table linked_account (
  id integer primary key autoincrement,
  user_id integer not null references users (id),
  platform text not null check (platform in ('x', 'telegram')),
  handle text not null,
  created_at integer not null,
  unique (user_id, platform, handle)
) strict;

create table boost_order (
  id integer primary key autoincrement,
  version integer not null,
  user_id integer not null references users (id),
  platform text not null check (platform in ('x', 'telegram')),
  link text not null,
  handle text not null,
  plan text not null,
  -- What one credit of the plan bought when the order was made.
  views integer not null,
  likes integer not null,
  comments integer not null,
  reposts integer not null,
  price integer not null,
  refunded integer not null default 0 check (refunded >= 0),
  schedule text not null,
  state text not null check (state in ('queued', 'active', 'done', 'partial', 'failed', 'cancelled')),
  open integer not null check (open in (0, 1)),
  -- An operator called it off: nothing new is placed.
  called_off integer not null default 0 check (called_off in (0, 1)),
  -- For the table: what panels deliver, what they have, the provider of the last placed part, parts that need a person.
  want integer not null,
  delivered integer not null default 0,
  provider_id integer,
  attention integer not null default 0,
  told_half integer not null default 0,
  reason text,
  key text not null unique,
  digest blob not null,
  correlation text not null,
  created_at integer not null,
  updated_at integer not null,
  check ((open = 1) = (state in ('queued', 'active'))),
  check (refunded <= price),
  check (updated_at >= created_at)
) strict;
create index boost_order_created on boost_order (created_at, id);
create index boost_order_updated on boost_order (updated_at, id);
create index boost_order_open_created on boost_order (created_at, id) where open = 1;
create index boost_order_open_updated on boost_order (updated_at, id) where open = 1;
create index boost_order_attention_created on boost_order (created_at, id) where attention > 0;
create index boost_order_attention_updated on boost_order (updated_at, id) where attention > 0;
create index boost_order_user on boost_order (user_id, created_at);
create index boost_order_link on boost_order (link);

create table boost_part (
  id integer primary key autoincrement,
  order_id integer not null references boost_order (id),
  n integer not null,
  leg text not null check (leg in ('views', 'likes', 'comments', 'reposts')),
  -- panel, or people: a leg that no mapping delivers.
  done_by text not null check (done_by in ('panel', 'people')),
  quantity integer not null check (quantity > 0),
  runs integer not null default 1 check (runs > 0),
  interval_minutes integer not null default 0,
  state text not null check (state in ('scheduled', 'waiting', 'sending', 'placed', 'done', 'partial', 'cancelled', 'failed',
    'unknown')),
  run_at integer not null,
  -- Since when it is held back, and why, for an operator.
  waits_since integer,
  reason text,
  -- JSON: providers that refused this part, each with the moment until which it is passed over.
  avoid text not null default '{}',
  -- An operator moved it here.
  moved_to integer references provider (id),
  tries integer not null default 0,
  -- Since when a panel says that an order for the link is running.
  active_since integer,
  -- The part whose shortfall this one tops up.
  tops_up integer,
  top_ups integer not null default 0,
  provider_id integer references provider (id),
  panel_service text,
  panel_order text,
  placed_at integer,
  -- USD, what was booked to the provider when it was accepted, and what it gave back.
  cost integer not null default 0,
  returned integer not null default 0,
  -- As the panel says, in its currency; never a customer's price.
  charge text,
  charge_currency text,
  start_count integer,
  remains integer,
  delivered integer not null default 0,
  panel_word text,
  panel_version integer not null default 0,
  -- Needs a person: a status word or a shortfall that cannot be read.
  review text,
  settled integer not null default 0,
  poll_at integer,
  polls integer not null default 0,
  created_at integer not null,
  updated_at integer not null,
  unique (order_id, n),
  check (state not in ('placed', 'done', 'partial') or done_by = 'people' or panel_order is not null)
) strict;
-- A panel's order is one part's; the id first, so that a search that knows no provider finds it.
create unique index boost_part_panel_order on boost_part (panel_order, provider_id) where panel_order is not null;
create index boost_part_poll on boost_part (provider_id, poll_at) where poll_at is not null;
create index boost_part_open on boost_part (state, run_at) where state in ('scheduled', 'waiting', 'sending', 'unknown');
create index boost_part_held on boost_part (provider_id, state) where state in ('sending', 'placed', 'unknown');

-- An attempt to place a part. Its row is committed before the first byte leaves.
create table placement (
  id integer primary key autoincrement,
  part_id integer not null references boost_part (id),
  order_id integer not null,
  n integer not null,
  provider_id integer not null references provider (id),
  adapter text not null,
  panel_service text not null,
  quantity integer not null,
  digest blob not null,
  state text not null check (state in ('sending', 'not_sent', 'rejected_ours', 'rejected_theirs', 'accepted', 'unknown',
    'ruled_placed', 'ruled_not_placed')),
  probe integer not null default 0,
  -- USD at the rate of that moment, and the same in the panel's currency.
  quote integer not null,
  quote_text text not null,
  class text,
  error text,
  status integer,
  latency_ms integer,
  panel_order text,
  -- Evidence for a lost answer: the balance before and after, other calls in flight then, what look-ups found.
  balance_before text,
  balance_before_at integer,
  balance_after text,
  in_flight integer not null default 0,
  evidence text not null default '[]',
  fence integer,
  lease_until integer,
  correlation text not null,
  sending_at integer not null,
  ended_at integer,
  unique (part_id, n)
) strict;
-- A part is placed once: at most one attempt that is, or may be, an order at a panel.
create unique index placement_one_live on placement (part_id) where state in ('sending', 'accepted', 'unknown', 'ruled_placed');
-- With all that a provider's figures are counted from.
create index placement_provider_at on placement (provider_id, sending_at, state, class, latency_ms, quote);
create index placement_open on placement (state) where state in ('sending', 'unknown');

create table failover (
  id integer primary key autoincrement,
  order_id integer not null references boost_order (id),
  part_n integer not null,
  from_provider integer not null references provider (id),
  to_provider integer not null references provider (id),
  class text not null,
  status integer,
  latency_ms integer,
  reason text not null,
  cost_before integer not null,
  cost_after integer not null,
  at integer not null
) strict;
create index failover_order on failover (order_id);

create table refill (
  id integer primary key autoincrement,
  part_id integer not null references boost_part (id),
  order_id integer not null,
  provider_id integer not null references provider (id),
  panel_refill text,
  state text not null check (state in ('asking', 'pending', 'in_progress', 'completed', 'rejected', 'failed', 'unknown')),
  text text not null default '',
  actor text not null,
  poll_at integer,
  created_at integer not null,
  updated_at integer not null
) strict;
create unique index refill_one_open on refill (part_id) where state in ('asking', 'pending', 'in_progress', 'unknown');
create index refill_poll on refill (poll_at) where poll_at is not null;

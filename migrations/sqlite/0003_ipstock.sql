-- IPStock ----------------------------------------------------------------------------------------------------------
-- The packages that SmartVPS offers or offered. Which is the provider's id and name, as they are. A sync writes
-- available, status, quantity, seen_at and missing_since, and nothing else of a row that exists; the rest is operators'.
create table ipstock_item (
  id integer primary key autoincrement,
  -- Counts operators' changes; a sync does not raise it.
  version integer not null,
  pid text not null,
  name text not null,
  title text not null,
  description text not null default '',
  -- JSON list of lower-case words.
  tags text not null default '[]',
  server_type text not null,
  default_os text not null,
  visible integer not null check (visible in (0, 1)),
  -- An operator has looked at it; null while it is new.
  approved_at integer,
  -- How many living machines of it a user may have; null for no limit.
  user_limit integer check (user_limit > 0),
  available integer not null check (available in (0, 1)),
  -- As the provider spells it.
  status text not null,
  quantity integer not null check (quantity >= 0),
  -- When an answer last had it, and since when none does.
  seen_at integer not null,
  missing_since integer,
  -- Operators were told that it runs low; 0 again when it has more.
  told_low integer not null default 0 check (told_low in (0, 1)),
  created_at integer not null,
  updated_at integer not null,
  unique (pid, name),
  check (available = 0 or (quantity > 0 and missing_since is null)),
  check (missing_since is null or quantity = 0)
) strict;
create index ipstock_item_title on ipstock_item (title, id);
create index ipstock_item_quantity on ipstock_item (quantity, id);
create index ipstock_item_sold on ipstock_item (title, id) where visible = 1 and available = 1;

create table ipstock_memory (
  id integer primary key autoincrement,
  item_id integer not null references ipstock_item (id),
  -- As the customer sees it; an order names it by exactly this text.
  label text not null,
  gb integer not null check (gb > 0),
  -- USD, for a month.
  price integer not null check (price > 0),
  -- What the provider charges for a month, decimal text in its currency; null while nobody entered it.
  cost text,
  cost_currency text,
  enabled integer not null default 1 check (enabled in (0, 1)),
  updated_at integer not null,
  unique (item_id, label),
  check ((cost is null) = (cost_currency is null))
) strict;

create table ipstock_sync (
  id integer primary key autoincrement,
  kind text not null check (kind in ('schedule', 'manual', 'http')),
  actor text not null,
  state text not null check (state in ('running', 'done', 'failed', 'guarded')),
  -- The run that was guarded and that an operator confirms by this one.
  confirms integer references ipstock_sync (id),
  -- Packages in the answer, and without exact duplicates.
  fetched integer not null default 0,
  packages integer not null default 0,
  created integer not null default 0,
  updated integer not null default 0,
  re_enabled integer not null default 0,
  status_changed integer not null default 0,
  disabled integer not null default 0,
  -- Items after it, and how many of them can be bought.
  entries integer not null default 0,
  available integer not null default 0,
  ms integer not null default 0,
  bytes integer not null default 0,
  -- A word for why it failed: http, auth, timeout, malformed, empty, vanished, died; and the sentence.
  class text,
  error text,
  -- The answer of the endpoint; kept of the newest runs only.
  body text,
  correlation text not null default '',
  started_at integer not null,
  ended_at integer,
  check ((state = 'running') = (ended_at is null))
) strict;
create unique index ipstock_sync_one_running on ipstock_sync (state) where state = 'running';
create index ipstock_sync_done on ipstock_sync (id) where state = 'done';
create index ipstock_sync_body on ipstock_sync (id) where body is not null;

-- A row when it changed.
create table ipstock_quantity (
  item_id integer not null references ipstock_item (id),
  at integer not null,
  quantity integer not null,
  primary key (item_id, at)
) strict;
create index ipstock_quantity_at on ipstock_quantity (at);

-- VPS orders -------------------------------------------------------------------------------------------------------
create table vps_order (
  id integer primary key autoincrement,
  version integer not null,
  user_id integer not null references users (id),
  item_id integer not null references ipstock_item (id),
  -- What was ordered, as it was then.
  pid text not null,
  name text not null,
  title text not null,
  memory text not null,
  gb integer not null check (gb > 0),
  os text not null,
  months integer not null check (months > 0),
  -- USD for all months, and what was given back after it was captured. The hold is that of the object vps:<id>.
  price integer not null check (price > 0),
  purse text not null,
  refunded integer not null default 0 check (refunded >= 0),
  -- What the provider charges for a month as it was then, and what was booked when it was bought, USD.
  cost text,
  cost_currency text,
  cost_usd integer not null default 0,
  state text not null check (state in ('pending', 'claimed', 'buying', 'bought', 'awaiting_credentials', 'active',
    'out_of_stock', 'failed', 'unknown', 'refunded')),
  open integer not null check (open in (0, 1)),
  -- Why it is where it is, for operators: a class and a sentence.
  class text,
  reason text,
  -- A person must look: a word, and since when.
  attention text,
  attention_at integer,
  -- Who has claimed it, and until when.
  fence integer,
  lease_until integer,
  tries integer not null default 0,
  -- Until when it waits for stock, or for its credentials.
  stock_until integer,
  credentials_until integer,
  polls integer not null default 0,
  ip text,
  machine_id integer,
  -- What the user was told last.
  told text,
  key text not null unique,
  digest blob not null,
  correlation text not null,
  created_at integer not null,
  updated_at integer not null,
  bought_at integer,
  active_at integer,
  check ((open = 1) = (state not in ('active', 'failed', 'refunded'))),
  check ((attention is null) = (attention_at is null)),
  check (state not in ('bought', 'awaiting_credentials', 'active') or (ip is not null and machine_id is not null)),
  check (refunded <= price),
  check (updated_at >= created_at)
) strict;
create index vps_order_created on vps_order (created_at, id);
create index vps_order_updated on vps_order (updated_at, id);
create index vps_order_open_created on vps_order (created_at, id) where open = 1;
create index vps_order_open_updated on vps_order (updated_at, id) where open = 1;
create index vps_order_attention_created on vps_order (created_at, id) where attention is not null;
create index vps_order_attention_updated on vps_order (updated_at, id) where attention is not null;
create index vps_order_user on vps_order (user_id, created_at);
create index vps_order_item on vps_order (item_id, state);
create unique index vps_order_one_machine on vps_order (machine_id)
  where state in ('bought', 'awaiting_credentials', 'active');

-- A call that buys. Its row is committed before the first byte leaves.
create table vps_buy (
  id integer primary key autoincrement,
  order_id integer not null references vps_order (id),
  n integer not null,
  pid text not null,
  name text not null,
  gb integer not null,
  state text not null check (state in ('sending', 'not_sent', 'rejected', 'accepted', 'wrong_ip', 'unknown', 'ruled_bought',
    'ruled_not_bought')),
  -- Free addresses before the call, and when they were read; the same after it. Hints, not proof.
  stock_before integer,
  stock_before_at integer,
  stock_after integer,
  stock_after_at integer,
  status integer,
  class text,
  -- The provider's words, scrubbed.
  text text,
  latency_ms integer,
  -- The address that the answer named, or that a ruling did.
  ip text,
  -- JSON list of sentences.
  evidence text not null default '[]',
  fence integer,
  lease_until integer,
  correlation text not null,
  sending_at integer not null,
  ended_at integer,
  unique (order_id, n),
  check (state not in ('accepted', 'ruled_bought', 'wrong_ip') or ip is not null)
) strict;
-- An order is bought once: at most one attempt that did, or may have, bought a machine.
create unique index vps_buy_one_live on vps_buy (order_id)
  where state in ('sending', 'accepted', 'wrong_ip', 'unknown', 'ruled_bought');
create index vps_buy_open on vps_buy (state) where state in ('sending', 'unknown', 'wrong_ip');
create index vps_buy_at on vps_buy (sending_at, state, class);

-- Taken before the stock is read and kept until the buy's answer. A buy names the package's name only, so packages of
-- one name share their stock and their lease.
create table package_lease (
  name text primary key,
  pid text not null,
  order_id integer not null references vps_order (id),
  fence integer not null,
  until integer not null
) strict;

-- Machines ---------------------------------------------------------------------------------------------------------
create table machine (
  id integer primary key autoincrement,
  version integer not null,
  ip text not null,
  -- The order that bought it; and whose it is: null is stock that belongs to nobody.
  order_id integer references vps_order (id),
  user_id integer references users (id),
  pid text not null,
  name text not null,
  title text not null default '',
  memory text not null default '',
  gb integer not null,
  os text not null,
  username text,
  password_enc blob,
  state text not null check (state in ('building', 'running', 'stopped', 'busy', 'expired', 'gone')),
  -- As the provider says.
  power text,
  machine_status text,
  action_status text,
  expires_at integer,
  -- What could not be read as a time.
  expiry_text text,
  -- The last reminder: days before.
  told_expiry integer,
  synced_at integer,
  -- Reads in a row that failed.
  sync_failures integer not null default 0,
  shown_at integer,
  shown integer not null default 0,
  -- A person must look: a word, and since when.
  attention text,
  attention_at integer,
  created_at integer not null,
  updated_at integer not null,
  check ((attention is null) = (attention_at is null)),
  check (updated_at >= created_at)
) strict;
create unique index machine_living_ip on machine (ip) where state not in ('expired', 'gone');
create index machine_user on machine (user_id, id);
create index machine_order on machine (order_id);
create index machine_expiry on machine (expires_at, id) where state <> 'gone' and expires_at is not null;
create index machine_synced on machine (synced_at, id) where state <> 'gone';
create index machine_ip on machine (ip, id);

create table machine_action (
  id integer primary key autoincrement,
  machine_id integer not null references machine (id),
  kind text not null check (kind in ('start', 'stop', 'reboot', 'reinstall')),
  os text,
  state text not null check (state in ('asked', 'sending', 'waiting', 'done', 'failed', 'unknown')),
  -- Which of its calls is next, or was sent last.
  step text not null default '',
  actor text not null,
  key text not null unique,
  class text,
  text text,
  fence integer,
  lease_until integer,
  polls integer not null default 0,
  correlation text not null,
  created_at integer not null,
  updated_at integer not null,
  ended_at integer,
  check ((state in ('asked', 'sending', 'waiting')) = (ended_at is null))
) strict;
create unique index machine_action_one_open on machine_action (machine_id) where state in ('asked', 'sending', 'waiting');
create index machine_action_machine on machine_action (machine_id, id);

create table renewal (
  id integer primary key autoincrement,
  version integer not null,
  machine_id integer not null references machine (id),
  user_id integer not null references users (id),
  months integer not null check (months > 0),
  -- USD. The hold is that of the object renewal:<id>.
  price integer not null check (price > 0),
  purse text not null,
  cost text,
  cost_currency text,
  cost_usd integer not null default 0,
  state text not null check (state in ('renewing', 'renewed', 'failed', 'unknown')),
  expires_before integer,
  expires_after integer,
  class text,
  -- The provider's words, scrubbed.
  text text,
  -- JSON list of sentences.
  evidence text not null default '[]',
  -- The mark before the first byte; null while nothing was sent.
  sending_at integer,
  fence integer,
  lease_until integer,
  tries integer not null default 0,
  attention text,
  attention_at integer,
  key text not null unique,
  digest blob not null,
  correlation text not null,
  created_at integer not null,
  updated_at integer not null,
  ended_at integer,
  check ((state in ('renewing', 'unknown')) = (ended_at is null)),
  check ((attention is null) = (attention_at is null)),
  check (updated_at >= created_at)
) strict;
create unique index renewal_one_open on renewal (machine_id) where state in ('renewing', 'unknown');
create index renewal_machine on renewal (machine_id, id);
create index renewal_attention on renewal (attention_at) where attention is not null;

-- Flags, their history, records and tokens. Documents are kept as JSON in columns of type text:
-- jsonb would reorder members and refuse the character U+0000.

create table graylane.environments (
  id bigint generated always as identity primary key,
  name text not null,
  -- The first half of each revision: <history>.<n>.
  history text not null,
  removed_at timestamptz
);

create unique index environments_by_name on graylane.environments (name) where removed_at is null;

-- One row a revision: the line of a journal (docs/decisions/0005-journal.md) and its hash, which
-- covers the line before. rev is in commit order, because it is allocated under one lock.
create table graylane.revisions (
  rev bigint generated always as identity unique,
  environment bigint not null references graylane.environments,
  n bigint not null,
  hash text not null,
  line text not null,
  primary key (environment, n)
);

-- The newest value of each part of a document. Paths can be longer than an index allows, so their
-- key is the SHA-256 of the path. position keeps the order in which parts were added.
create table graylane.parts (
  environment bigint not null references graylane.environments,
  key text not null,
  position bigint generated always as identity,
  path text not null,
  value text not null,
  primary key (environment, key)
);

-- Which revisions changed a part.
create table graylane.touched (
  environment bigint not null references graylane.environments,
  key text not null,
  n bigint not null,
  primary key (environment, key, n)
);

create table graylane.records (
  environment bigint not null references graylane.environments,
  kind text not null,
  id text not null,
  value text not null,
  primary key (environment, kind, id)
);

-- The terms of leadership: the newest one may write as the leader.
create table graylane.leadership (
  id smallint primary key default 1 check (id = 1),
  term bigint not null
);

insert into graylane.leadership (term) values (0);

-- A revoked token keeps its row: as long as one exists, every request needs a token.
create table graylane.tokens (
  id text primary key,
  position bigint generated always as identity,
  record text not null,
  revoked_at timestamptz
);

-- The clients of each server of this database, in numbers, so that any of them can state how many
-- have confirmed a kill.
create table graylane.replicas (
  replica text not null,
  environment text not null,
  revision text not null,
  connected integer not null,
  confirmable integer not null,
  confirmed integer not null,
  reported_at timestamptz not null,
  primary key (replica, environment)
);

-- The revisions that clients confirmed at another server than the one that their stream ends at,
-- as behind a balancer of connections.
create table graylane.confirmations (
  instance text not null,
  service text not null,
  environment text not null,
  revision text not null,
  -- The name of the token that reported it: that of the stream, or the report counts for nothing.
  sender text not null,
  reported_at timestamptz not null,
  primary key (instance, service, environment)
);

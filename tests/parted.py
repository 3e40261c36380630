# SPDX-License-Identifier: MIT
"""Databases whose table of messages is in parts: ranges of time in one cluster, or hash partitions in three, by postgres_fdw."""

import datetime

import harness
import postgres
from databases import PostgresDatabase

INDEXES = (
    "directmessages_received", "directmessages_received_hidden", "directmessages_sent", "directmessages_sent_hidden",
    "directmessages_unread",
)
TABLE = "directmessages_message"
FIRST = f"{TABLE}_0"
LIKE = f"(LIKE {FIRST} INCLUDING DEFAULTS INCLUDING IDENTITY"


def migrate(store):
    done = harness.run_program("migrate", database=store.url)
    assert done.returncode == 0, done.stderr


def set_aside(connection):
    """The table that is there, without rows, becomes one that may be a part."""
    connection.execute(f"ALTER TABLE {TABLE} RENAME TO {FIRST}")
    for index in INDEXES:
        connection.execute(f"ALTER INDEX {index} RENAME TO {index}_0")


class PartitionedDatabase(PostgresDatabase):
    """Partitions of two seconds, from now on for a minute: what a walk stores is in many."""

    def __init__(self):
        super().__init__(template=harness.postgres_template())
        now = datetime.datetime.now(datetime.timezone.utc)
        bounds = ["MINVALUE", *(f"'{now + datetime.timedelta(seconds=2 * n)}'" for n in range(30)), "MAXVALUE"]
        with self.transaction() as connection:
            set_aside(connection)
            connection.execute(f"CREATE TABLE {TABLE} {LIKE}, PRIMARY KEY (id, sent_at)) PARTITION BY RANGE (sent_at)")
            for number, (begin, end) in enumerate(zip(bounds, bounds[1:])):
                connection.execute(f"CREATE TABLE part_{number} PARTITION OF {TABLE} FOR VALUES FROM ({begin}) TO ({end})")
            connection.execute(f"DROP TABLE {FIRST}")
        migrate(self)


class ShardedDatabase(PostgresDatabase):
    """All tables in the first cluster, and a third of the messages in each, by a hash of one column."""

    def __init__(self, clusters, column="recipient_id"):
        super().__init__(clusters[0])
        migrate(self)
        self.shards = [PostgresDatabase(cluster) for cluster in clusters[1:]]
        with self.transaction() as connection:
            connection.execute("CREATE EXTENSION postgres_fdw")
            set_aside(connection)
            connection.execute(f"CREATE TABLE {TABLE} {LIKE}) PARTITION BY HASH ({column})")
            connection.execute(f"ALTER TABLE {FIRST} ALTER id DROP IDENTITY")
            part = f"FOR VALUES WITH (MODULUS {len(clusters)}, REMAINDER {{}})"
            connection.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {FIRST} {part.format(0)}")
            for number, shard in enumerate(self.shards, 1):
                make_shard(shard)
                connection.execute(
                    f"CREATE SERVER shard_{number} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1',"
                    f" port '{shard.cluster.port}', dbname '{shard.name}')")
                connection.execute(f"CREATE USER MAPPING FOR postgres SERVER shard_{number} OPTIONS (user 'postgres')")
                connection.execute(
                    f"CREATE FOREIGN TABLE {TABLE}_{number} PARTITION OF {TABLE} {part.format(number)}"
                    f" SERVER shard_{number} OPTIONS (table_name '{TABLE}')")
        migrate(self)

    def close(self):
        super().close()
        for shard in self.shards:
            shard.close()


def make_shard(shard):
    """Has the table of messages alone. Ids come from the first cluster, and users are there."""
    migrate(shard)
    with shard.transaction() as connection:
        connection.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_sender_id_5eeeffb9_fk_auth_user_id,"
                           f" DROP CONSTRAINT {TABLE}_recipient_id_9b79a385_fk_auth_user_id")


def three_clusters(settings=postgres.SETTINGS):
    return [postgres.Cluster(settings=settings).start() for _ in range(3)]


def sharded(stack):
    """In three clusters of its own, which end with the stack."""
    clusters = three_clusters()
    for cluster in clusters:
        stack.callback(cluster.close)
    return ShardedDatabase(clusters)

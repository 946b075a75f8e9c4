"""A collection over several servers: shards, each a whole clipsql, that a coordinator asks."""

"""From a source to rows: read, decode, encode and write pictures, at once or through the queue."""

"""The parts of the downloader: which hosts may be reached, how politely, and what they may send."""

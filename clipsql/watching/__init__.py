"""Watching: what is looked for in pictures to come, the alarms that they raised, and how others hear of these."""

"""Look at stored pictures again, with models that read a picture and a text together."""

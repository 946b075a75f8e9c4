"""No models: Django tells an app before it migrates only where there is this module."""

"""From logged matches to a better policy."""

import agents.engines.local  # noqa: F401  (bounds torch's memory; must come before torch)

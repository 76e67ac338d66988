"""Settings of a test run, in place before Django reads them. Loaded as a plugin by pyproject.toml."""

import os

from opendialogue import local

if local.wanted():
    cluster = local.Cluster(local.places.directory("postgres-test"), durable=False)
    local.set_environment(role="od_owner", cluster=cluster)
else:  # a database of the tester's own, or this is a worker of a run that has set everything
    os.environ |= local.defaults()
# Several people test in one checkout: each run has its own database. A fixed suffix goes with --reuse-db.
os.environ.setdefault("TEST_DATABASE_SUFFIX", str(os.getpid()))

"""Alembic's entry point. The connection comes from `gateway.edges.store.engine.migrate`, already inside one transaction.

There is no offline mode and no ini file.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True, transaction_per_migration=False, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

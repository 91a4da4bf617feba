"""Alembic's entry: runs the revisions on the connection that `Database.migrate` opened.  Has no settings of its own."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()

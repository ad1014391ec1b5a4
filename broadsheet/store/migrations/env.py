"""Alembic's entry: runs migrations on the connection it is given, one transaction each."""

from alembic import context

from broadsheet.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, and we begin its transactions ourselves
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Keys with the tenant in them, declared in a model's ``Meta.constraints``.

Foreign keys and unique indexes are not subject to row-level security, so the tenant must be part of
them: a row can then never point into another tenant, and a distributed database can keep each
tenant's rows together.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint, Model

_ACTIONS = ("CASCADE", "RESTRICT")


class _TableConstraint(BaseConstraint):
    """A constraint that the database keeps by itself, made when its table is complete."""

    def constraint_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        """Nothing inside CREATE TABLE: the statement is run at the end of the migration."""
        assert model is not None  # noqa: S101 - Django always passes both
        assert schema_editor is not None  # noqa: S101
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """The statement that adds the constraint."""
        raise NotImplementedError

    def validate(self, *args: Any, **options: Any) -> None:
        """Nothing to ask beforehand: keys are made by the server, never by a form."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _TableConstraint):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self.name))


def _statement(
    sql: str, model: type[Model] | None, editor: BaseDatabaseSchemaEditor | None, **names: Any
) -> Any:
    # Any: Django's constraints answer statements, or text as its stubs have it.
    assert model is not None  # noqa: S101
    assert editor is not None  # noqa: S101
    table = Table(model._meta.db_table, editor.quote_name)  # noqa: SLF001
    return Statement(sql, table=table, **names)


def _single_key(model: type[Model]) -> str:
    """The name PostgreSQL gives to the key that Django writes beside its column."""
    return f"{model._meta.db_table[:58]}_pkey"  # noqa: SLF001 - names end at 63 bytes


class TenantPrimaryKey(_TableConstraint):
    """``PRIMARY KEY (tenant_id, id)`` in place of the one on ``id`` that Django writes."""

    def constraint_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        """Before all other statements that wait: foreign keys among them may refer to this key."""
        assert schema_editor is not None  # noqa: S101
        schema_editor.deferred_sql.insert(0, self.create_sql(model, schema_editor))
        return ""

    def create_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Take the single key away and add the composite one."""
        assert model is not None  # noqa: S101
        assert schema_editor is not None  # noqa: S101
        return _statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(single)s,"
            " ADD CONSTRAINT %(name)s PRIMARY KEY (tenant_id, id)",
            model,
            schema_editor,
            single=schema_editor.quote_name(_single_key(model)),
            name=schema_editor.quote_name(self.name),
        )

    def remove_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """The way back."""
        assert model is not None  # noqa: S101
        assert schema_editor is not None  # noqa: S101
        return _statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s,"
            " ADD CONSTRAINT %(single)s PRIMARY KEY (id)",
            model,
            schema_editor,
            single=schema_editor.quote_name(_single_key(model)),
            name=schema_editor.quote_name(self.name),
        )


class TenantForeignKey(_TableConstraint):
    """``FOREIGN KEY (tenant_id, <field>)`` to the ``(tenant_id, id)`` of another table."""

    def __init__(self, *, field: str, to: str, name: str, on_delete: str) -> None:
        if on_delete not in _ACTIONS:
            raise ValueError(f"on_delete must be one of {', '.join(_ACTIONS)}")
        self.field = field
        self.to = to
        self.on_delete = on_delete
        super().__init__(name=name)

    def create_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Add the key."""
        assert model is not None  # noqa: S101
        assert schema_editor is not None  # noqa: S101
        target = model._meta.apps.get_model(self.to)  # noqa: SLF001 - the migration's own state
        _, column = model._meta.get_field(self.field).get_attname_column()  # type: ignore[union-attr]  # noqa: SLF001
        quote = schema_editor.quote_name
        return _statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (tenant_id, %(column)s)"
            f" REFERENCES %(target)s (tenant_id, id) ON DELETE {self.on_delete}",
            model,
            schema_editor,
            name=quote(self.name),
            column=quote(str(column)),
            target=Table(target._meta.db_table, quote),  # noqa: SLF001
        )

    def remove_sql(
        self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        """Drop it."""
        assert schema_editor is not None  # noqa: S101
        return _statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            model,
            schema_editor,
            name=schema_editor.quote_name(self.name),
        )

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """What a migration writes."""
        path, args, options = super().deconstruct()
        own = {"field": self.field, "to": self.to, "on_delete": self.on_delete}
        return path, args, options | own

"""Keys with the tenant in them, through the operations that migrations are made of."""

import pytest
from django.db import connections, migrations, models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.utils import IntegrityError

from incidents_project.database.cluster import PORT
from incidents_project.database.constraints import TenantForeignKey, TenantPrimaryKey

PARENT_KEY = TenantPrimaryKey(name="parent_key")
CHILD_KEY = TenantPrimaryKey(name="child_key")


def foreign_key(on_delete="CASCADE"):
    return TenantForeignKey(
        field="parent_id", to="scratch.Parent", name="child_parent", on_delete=on_delete
    )


def table(name, *constraints, **columns):
    fields = {"id": models.IntegerField(primary_key=True), "tenant_id": models.TextField()}
    return migrations.CreateModel(
        name, list((fields | columns).items()), options={"constraints": list(constraints)}
    )


def child(*constraints):
    return table("Child", *constraints, parent_id=models.IntegerField())


@pytest.fixture
def database(scratch, server):
    """Django's connection to an empty database."""
    host = str(server.ensure_running())
    given = {"HOST": host, "PORT": str(PORT), "USER": "incidents_owner", "NAME": scratch}
    rest = {"PASSWORD": "", "OPTIONS": {}}
    settings = connections["default"].settings_dict | given | rest
    connections["scratch"] = DatabaseWrapper(settings, alias="scratch")
    yield connections["scratch"]
    connections["scratch"].close()
    del connections["scratch"]


@pytest.fixture
def migrate(database, django_db_blocker):
    """Apply operations as one migration; what it answers takes them back."""

    def apply(*operations, state=None):
        migration = migrations.Migration("0001", "scratch")
        migration.operations = list(operations)
        before = state or ProjectState()
        after = before.clone()
        with database.schema_editor(atomic=True) as editor:
            after = migration.apply(after, editor)

        def undo():
            with database.schema_editor(atomic=True) as editor:
                migration.unapply(before.clone(), editor)

        return after, undo

    with django_db_blocker.unblock():
        yield apply


@pytest.fixture
def keys(database):
    def of(table):
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = to_regclass(%s) AND contype IN ('p', 'f') ORDER BY conname",
                [table],
            )
            return dict(cursor.fetchall())

    return of


REFERENCE = "FOREIGN KEY (tenant_id, parent_id) REFERENCES scratch_parent(tenant_id, id) ON DELETE"


def test_a_new_table_has_the_tenant_first_in_its_key(migrate, keys):
    _, undo = migrate(table("Parent", PARENT_KEY))
    assert keys("scratch_parent") == {"parent_key": "PRIMARY KEY (tenant_id, id)"}
    undo()
    assert keys("scratch_parent") == {}


def test_the_key_can_be_added_and_taken_back(migrate, keys):
    state, _ = migrate(table("Parent"))
    _, undo = migrate(migrations.AddConstraint("parent", PARENT_KEY), state=state)
    assert keys("scratch_parent") == {"parent_key": "PRIMARY KEY (tenant_id, id)"}
    undo()
    assert keys("scratch_parent") == {"scratch_parent_pkey": "PRIMARY KEY (id)"}


def test_the_key_can_be_removed_and_brought_back(migrate, keys):
    state, _ = migrate(table("Parent", PARENT_KEY))
    _, undo = migrate(migrations.RemoveConstraint("parent", "parent_key"), state=state)
    assert keys("scratch_parent") == {"scratch_parent_pkey": "PRIMARY KEY (id)"}
    undo()
    assert keys("scratch_parent") == {"parent_key": "PRIMARY KEY (tenant_id, id)"}


def test_the_key_of_a_table_with_a_very_long_name_is_found(migrate, keys):
    long = table("Parent", PARENT_KEY)
    long.options["db_table"] = "t" * 63
    migrate(long)
    assert keys("t" * 63) == {"parent_key": "PRIMARY KEY (tenant_id, id)"}


def test_tables_of_one_migration_may_refer_to_each_other(migrate, keys):
    _, undo = migrate(table("Parent", PARENT_KEY), child(foreign_key(), CHILD_KEY))
    assert keys("scratch_child") == {
        "child_key": "PRIMARY KEY (tenant_id, id)",
        "child_parent": f"{REFERENCE} CASCADE",
    }
    undo()
    assert keys("scratch_child") == {}


def test_the_foreign_key_can_be_added_and_taken_back(migrate, keys):
    state, _ = migrate(table("Parent", PARENT_KEY), child())
    operation = migrations.AddConstraint("child", foreign_key("RESTRICT"))
    _, undo = migrate(operation, state=state)
    assert keys("scratch_child")["child_parent"] == f"{REFERENCE} RESTRICT"
    undo()
    assert "child_parent" not in keys("scratch_child")


def test_the_foreign_key_can_be_removed_and_brought_back(migrate, keys):
    state, _ = migrate(table("Parent", PARENT_KEY), child(foreign_key()))
    _, undo = migrate(migrations.RemoveConstraint("child", "child_parent"), state=state)
    assert "child_parent" not in keys("scratch_child")
    undo()
    assert keys("scratch_child")["child_parent"] == f"{REFERENCE} CASCADE"


def test_a_row_cannot_point_into_another_tenant(migrate, database):
    migrate(table("Parent", PARENT_KEY), child(foreign_key()))
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO scratch_parent (tenant_id, id) VALUES ('acme', 1)")
        cursor.execute("INSERT INTO scratch_child VALUES (1, 'acme', 1)")
        with pytest.raises(IntegrityError, match="child_parent"):
            cursor.execute("INSERT INTO scratch_child VALUES (2, 'globex', 1)")


@pytest.mark.parametrize("constraint", [PARENT_KEY, foreign_key()])
def test_a_migration_writes_down_and_reads_back_the_same(constraint):
    text, imports = MigrationWriter.serialize(constraint)
    scope = {}
    exec("\n".join(imports), scope)
    assert eval(text, scope) == constraint.clone() == constraint


def test_another_action_is_another_constraint():
    assert foreign_key("CASCADE") != foreign_key("RESTRICT")


def test_an_unknown_action_is_refused():
    with pytest.raises(ValueError, match="CASCADE"):
        foreign_key("SHRUG")

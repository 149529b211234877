"""What a coach taught the recogniser. The text of a lesson is sealed like any content; a log names its id alone."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select, update

from gateway.core.model import AuditEvent, Lesson
from gateway.edges.store import schema
from gateway.edges.store.base import LessonText
from gateway.edges.store.held import Held

_WORDS = {"phrase": "vocabulary", "place": "place"}  # in the names of audit events


class Lessons(Held):
    """The part of the store that keeps what was taught."""

    async def lessons(self, tenant: int) -> tuple[Lesson, ...]:
        """Everything the coach of `tenant` taught, oldest first."""
        return await self._database.read(lambda connection: self._lessons(connection, tenant))

    async def teach(self, tenant: int, lesson: Lesson) -> Lesson:
        """Keep a lesson, with its audit event in the same transaction; the lesson with its id. One that is known already changes nothing."""
        name = self._hash("digest", "\0".join(("taught", str(tenant), lesson.kind, lesson.language, lesson.text.casefold())))[:8].hex()
        kept = replace(lesson, id=name, since=self._clock.now())
        record = self._seal_record(LessonText(lesson.language, lesson.text, lesson.by), "taught", tenant, name)

        def work(connection: Connection) -> Lesson:
            taught = schema.taught
            if connection.execute(select(taught.c.id).where(taught.c.tenant == tenant, taught.c.id == name)).one_or_none() is None:
                connection.execute(insert(taught).values(tenant=tenant, id=name, kind=lesson.kind, created_at=kept.since, record=record))
                self._changed(connection, tenant, _event(lesson.kind, "added", name, lesson.by))
            return kept

        return await self._database.write(work)

    async def forget(self, tenant: int, lesson_id: str, by: str) -> bool:
        """Erase a lesson, with its audit event in the same transaction. False where there is none of this id."""

        def work(connection: Connection) -> bool:
            taught = schema.taught
            mine = (taught.c.tenant == tenant, taught.c.id == lesson_id)
            kind = connection.execute(select(taught.c.kind).where(*mine).with_for_update()).scalar()
            if kind is None:
                return False
            connection.execute(delete(taught).where(*mine))
            self._changed(connection, tenant, _event(kind, "removed", lesson_id, by))
            return True

        return await self._database.write(work)

    def _changed(self, connection: Connection, tenant: int, event: AuditEvent) -> None:
        """Something in the directory is another: the next reader, in whatever process, reads it anew."""
        tenants = schema.tenants
        connection.execute(update(tenants).where(tenants.c.id == tenant).values(directory_version=tenants.c.directory_version + 1))
        self._append(connection, tenant, (event,))

    def _lessons(self, connection: Connection, tenant: int) -> tuple[Lesson, ...]:
        taught = schema.taught
        rows = connection.execute(select(taught).where(taught.c.tenant == tenant).order_by(taught.c.created_at, taught.c.id)).all()
        opened = ((row, self._open_record(LessonText, row.record, "taught", tenant, row.id)) for row in rows)
        return tuple(Lesson(row.kind, text.language, text.text, text.by, row.id, row.created_at) for row, text in opened)


def _event(kind: str, done: str, name: str, by: str) -> AuditEvent:
    return AuditEvent(f"{_WORDS[kind]}-{done}", None, None, (("item", name), ("by", by)))

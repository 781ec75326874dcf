import { GENERATED, typedTables, type ColumnKind, type TypedTable, type TypesWriter } from './columns.ts';

const TYPES: Readonly<Record<ColumnKind, string>> = {
  string: 'str',
  long: 'int',
  double: 'float',
  boolean: 'bool',
  timestamp: 'datetime',
  date: 'date',
  json: 'str',
};

/** Words that cannot be the name of an attribute. */
const RESERVED = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield of'.split(
    ' ',
  ),
);

/** A module per source: a frozen dataclass per table (Python 3.10), built from what `AvroDeserializer` of confluent-kafka returns. */
export const pythonTypes: TypesWriter = (sources) =>
  sources.map((source) => ({
    path: `tributary_${source.name}.py`,
    text: `# ${GENERATED}
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Mapping, Optional

${typedTables(source).map(dataclass).join('\n\n')}`,
  }));

function dataclass({ source, table, typeName, doc, columns }: TypedTable): string {
  const attribute = (column: string): string => (RESERVED.has(column) ? `${column}_` : column);
  return `
@dataclass(frozen=True)
class ${typeName}:
    """${text(doc)}"""

    #: Part of the topic's name behind its prefix, unless the connection has a name of its own.
    TABLE = "${source}.${table}"

${columns
  .map(
    ({ name, kind, nullable, doc: about }) =>
      `    #: ${text(about)}${kind === 'json' ? ' (JSON text)' : ''}\n    ${attribute(name)}: ${nullable ? `Optional[${TYPES[kind]}]` : TYPES[kind]}`,
  )
  .join('\n')}

    @classmethod
    def of(cls, value: Optional[Mapping[str, Any]]) -> Optional["${typeName}"]:
        """The row a value holds; None for a tombstone and for the marker before it."""
        if value is None or value.get("_deleted"):
            return None
        return cls(
${columns.map(({ name }) => `            ${attribute(name)}=value.get("${name}"),`).join('\n')}
        )
`;
}

const text = (about: string): string => about.replace(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll('"', "'");

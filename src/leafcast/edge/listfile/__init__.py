"""The list of growers: csv, tsv, xlsx and parquet in.

Why each kind is read as it is: docs/decisions/0004-reading-lists.md.
"""

from leafcast.edge.listfile.listfile import ListFile
from leafcast.edge.listfile.records import Kind, Record, Style
from leafcast.edge.listfile.standardinput import StandardInput

__all__ = ["Kind", "ListFile", "Record", "StandardInput", "Style"]

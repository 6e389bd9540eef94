"""Documents to text: plain text, Markdown, web pages, PDF and Word files, from disk or from bytes.

Pages, PDFs and Word files come from anywhere and are read by large libraries, so a child process with a limit on
time and memory reads them (:mod:`index.sources.documents.reader`). Importing this package loads none of them.
"""

from index.sources.documents.document import DOCUMENT_SUFFIXES, MAX_FILE_BYTES, MAX_TEXT_CHARS, Document, DocumentError
from index.sources.documents.reader import DocumentReader

__all__ = ["DOCUMENT_SUFFIXES", "MAX_FILE_BYTES", "MAX_TEXT_CHARS", "Document", "DocumentError", "DocumentReader"]

"""Scripts that keep the documents true; the documents themselves are the Markdown files here."""

"""Where articles come from: documents, folders, pages and feeds; and the sync that makes a library equal to them."""

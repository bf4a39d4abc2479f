"""Text before any model sees it: files, hidden characters, sentences, loops."""

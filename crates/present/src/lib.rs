//! Answers as tables, JSON, YAML, CSV; progress.
